/** How characters are spelled: the escapes of strings, and the characters behind a backslash. */
import { isBlank } from "./syntax.ts";

/** The unit that an escape stands for, and the length of the escape. */
export interface Escape {
  readonly unit: string;
  readonly length: number;
}

/** The escape at the backslash there, or `undefined` where it is none. */
export function parseEscape(text: string, at: number): Escape | undefined {
  const unit = ESCAPES.get(text.charAt(at + 1));
  if (unit !== undefined) return { unit, length: 2 };
  const match = CODE_ESCAPE.exec(text.slice(at + 1, at + 6));
  if (match === null) return undefined;
  return { unit: String.fromCharCode(codeOf(match)), length: 1 + match[0].length };
}

/** A string between its quotes, as Clojure prints it, but with escapes for what {@link isPrintable} is not. */
export function formatString(text: string): string {
  if (!ESCAPED.test(text)) return `"${text}"`;
  return `"${text.replace(EACH_ESCAPED, (unit) => ESCAPE_OF.get(unit) ?? codeEscape(unit))}"`;
}

/** The unit of the character with this text behind its backslash, or `undefined` for none. */
export function parseCharacter(name: string): number | undefined {
  if (name.length === 1) return name.charCodeAt(0);
  const match = CODE_NAME.exec(name);
  return match === null ? CHARACTERS.get(name)?.charCodeAt(0) : codeOf(match);
}

/** The character of this one unit, backslash included. */
export function formatCharacter(unit: string): string {
  const name = NAME_OF.get(unit);
  if (name !== undefined) return `\\${name}`;
  return isPrintable(unit) && !isBlank(unit.charCodeAt(0)) ? `\\${unit}` : codeEscape(unit);
}

/**
 * Whether a text is printed as it is: control characters upset terminals and editors, and lone
 * surrogates do not survive UTF-8.
 */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
  ['"', '"'],
  ["\\", "\\"],
]);

const ESCAPE_OF: ReadonlyMap<string, string> = new Map(
  Array.from(ESCAPES, ([letter, unit]) => [unit, `\\${letter}`]),
);

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ["newline", "\n"],
  ["space", " "],
  ["tab", "\t"],
  ["return", "\r"],
  ["backspace", "\b"],
  ["formfeed", "\f"],
]);

const NAME_OF: ReadonlyMap<string, string> = new Map(
  Array.from(CHARACTERS, ([name, unit]) => [unit, name]),
);

// Octal codes end at 377, and a digit too many is an error, as in Clojure.
const CODE_ESCAPE = /^(?:u([\da-fA-F]{4})|([0-3][0-7]{2}|[0-7]{1,2}(?![0-7])))/;
const CODE_NAME = /^(?:u([\da-fA-F]{4})|o([0-3]?[0-7]{1,2}))$/;

const UNPRINTABLE = /[\p{Control}\p{Surrogate}]/u;
const ESCAPED = /["\\\p{Control}\p{Surrogate}]/u;
const EACH_ESCAPED = /["\\\p{Control}\p{Surrogate}]/gu;

/** The unit of a match that has hexadecimal digits or else octal ones. */
function codeOf([, hexadecimal, octal = ""]: RegExpExecArray): number {
  return hexadecimal === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hexadecimal, 16);
}

function codeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
