/** Strings of JSON: escapes, and what Jackson, which the JVM uses, writes as such. */
import { invalid } from "@datahike-sync/core/codec-failure";
import { decodeText } from "@datahike-sync/core/codec-text";

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** The units of escapes of two characters, by the second. */
const UNITS: ReadonlyMap<number, string> = new Map(
  Object.entries({
    '"': '"',
    "\\": "\\",
    "/": "/",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
  }).map(([letter, unit]) => [letter.charCodeAt(0), unit]),
);

/** The second characters of those that are written, by unit. */
const LETTERS: ReadonlyMap<number, number> = new Map(
  ['"', "\\", "b", "f", "n", "r", "t"].map((letter) => {
    const code = letter.charCodeAt(0);
    return [UNITS.get(code)?.charCodeAt(0) ?? code, code];
  }),
);

/** The text of a string with escapes, from `start` up to its end. */
export function decodeEscapes(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let pieces: string[] = [];
  let from = start;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== BACKSLASH) continue;
    if (from < at) pieces.push(decodeText(bytes, from, at, false));
    const letter = bytes[at + 1] ?? 0;
    const unit = letter === LETTER_U ? hexUnit(bytes, at, end) : UNITS.get(letter);
    if (unit === undefined) throw invalid("no such escape in a string", at);
    pieces.push(unit);
    from = at + (letter === LETTER_U ? 6 : 2);
    at = from - 1;
    // A text of millions of pieces would take many times its length.
    if (pieces.length > 4096) {
      text += pieces.join("");
      pieces = [];
    }
  }
  return text + pieces.join("") + decodeText(bytes, from, end, false);
}

/** Whether a unit stands in a string as it is, and takes one byte. */
export function isPlain(unit: number): boolean {
  return unit >= 0x20 && unit < 0x80 && unit !== 0x22 && unit !== BACKSLASH;
}

/** Writes a unit that is not {@link isPlain}, in at most six bytes, and tells the offset behind it. */
export function encodeUnit(unit: number, bytes: Uint8Array, offset: number): number {
  let at = offset;
  const letter = LETTERS.get(unit);
  if (letter !== undefined) {
    bytes[at++] = BACKSLASH;
    bytes[at++] = letter;
  } else if (unit < 0x20 || isSurrogate(unit)) {
    bytes[at++] = BACKSLASH;
    bytes[at++] = LETTER_U;
    for (let shift = 12; shift >= 0; shift -= 4) bytes[at++] = hexDigit((unit >> shift) & 15);
  } else if (unit < 0x80) {
    bytes[at++] = unit;
  } else {
    if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6);
    } else {
      bytes[at++] = 0xe0 | (unit >> 12);
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (unit & 0x3f);
  }
  return at;
}

/** The UTF-16 unit of `\uXXXX`. */
function hexUnit(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (start + 6 > end) return undefined;
  let unit = 0;
  for (let at = start + 2; at < start + 6; at++) {
    const value = Number.parseInt(String.fromCharCode(bytes[at] ?? 0), 16);
    if (Number.isNaN(value)) return undefined;
    unit = unit * 16 + value;
  }
  return String.fromCharCode(unit);
}

/** Capital, as Jackson has it. */
function hexDigit(value: number): number {
  return value < 10 ? 0x30 + value : 0x37 + value;
}

/** Also where two of them make a pair: Jackson escapes both. */
function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}
