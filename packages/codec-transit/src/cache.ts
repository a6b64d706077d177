/**
 * The codes that stand for strings which were there before. Writer and reader count the strings alike:
 * each that is long enough to be worth a code takes the next one, and when there are no more, all are
 * forgotten.
 */

/** A code is `^` and one or two characters, each of which is one of so many from `FIRST_DIGIT` on. */
const DIGITS = 44;
const FIRST_DIGIT = 48;
const MAX_CODES = DIGITS * DIGITS;

const HASH = 0x23;
const DOLLAR = 0x24;
const COLON = 0x3a;
const CARET = 0x5e;
const TILDE = 0x7e;

/** Whether a string takes a code: it is no shorter than four units, and a key, a name or a tag. */
export function isCacheable(text: string, isKey: boolean): boolean {
  if (text.length < 4) return false;
  if (isKey) return true;
  if (text.charCodeAt(0) !== TILDE) return false;
  const mark = text.charCodeAt(1);
  return mark === COLON || mark === HASH || mark === DOLLAR;
}

/** Whether a string stands for another, or begins a map that is an array. */
export function isCode(text: string): boolean {
  return text.charCodeAt(0) === CARET;
}

/** The codes of strings that were written. */
export class WriteCache {
  readonly #codes: Map<string, string> = new Map();

  /** The code of a string that was here before; else `undefined`, and from now on it has one. */
  codeOf(text: string): string | undefined {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    if (this.#codes.size === MAX_CODES) this.#codes.clear();
    this.#codes.set(text, formatCode(this.#codes.size));
    return undefined;
  }
}

/** What strings that were read stand for. */
export class ReadCache<T> {
  #entries: CacheEntry<T>[] = [];

  /** Gives the next code to a string of this length. */
  add(value: T, length: number): void {
    if (this.#entries.length === MAX_CODES) this.#entries = [];
    this.#entries.push({ value, length });
  }

  /** What a code stands for, or `undefined` where it was given to nothing. */
  recall(code: string): CacheEntry<T> | undefined {
    return this.#entries[parseCode(code)];
  }
}

export interface CacheEntry<T> {
  readonly value: T;
  /** Of the string, in UTF-16 units. */
  readonly length: number;
}

function formatCode(index: number): string {
  const low = FIRST_DIGIT + (index % DIGITS);
  if (index < DIGITS) return String.fromCharCode(CARET, low);
  return String.fromCharCode(CARET, FIRST_DIGIT + Math.floor(index / DIGITS), low);
}

/** The index of a code; of what is none, an index that nothing has. */
function parseCode(code: string): number {
  const first = code.charCodeAt(1) - FIRST_DIGIT;
  if (code.length === 2) return first;
  const second = code.charCodeAt(2) - FIRST_DIGIT;
  return code.length === 3 && isDigit(first) && isDigit(second) ? first * DIGITS + second : -1;
}

function isDigit(value: number): boolean {
  return value >= 0 && value < DIGITS;
}
