import { exceeded, invalid, truncated } from "@datahike-sync/core/codec-failure";
import { decodeText } from "@datahike-sync/core/codec-text";
import { bigInteger, double, type Edn, isLong, long } from "@datahike-sync/edn";
import { decodeEscapes } from "./json-text.ts";
import { ARRAY, END, MAP, SCALAR, type Source, STRING, type Token } from "./token.ts";

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_E = 0x65;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What the next token may be. */
const FIRST = 0;
const SEPARATED = 1;
const VALUE = 2;

/** Integers of up to so many digits are exact in a double. */
const EXACT_DIGITS = 15;

/**
 * Reads JSON (RFC 8259). Not with `JSON.parse`: that takes `1.0` for `1`, rounds long integers, changes
 * the order of keys that are digits, and does not say where something is wrong.
 */
export class JsonSource implements Source {
  at = 0;
  text = "";
  scalar: Edn = null;
  readonly #bytes: Uint8Array;
  readonly #maxDigits: number;
  #expects: typeof FIRST | typeof SEPARATED | typeof VALUE = VALUE;
  /** Whether what began last is an object. */
  #inObject = false;
  /** The same of what is around it. */
  readonly #outer: boolean[] = [];

  constructor(bytes: Uint8Array, maxDigits: number) {
    this.#bytes = bytes;
    this.#maxDigits = maxDigits;
  }

  next(): Token {
    let code = this.#skipBlanks();
    if (this.#expects !== VALUE) {
      if (code === (this.#inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return this.#close();
      if (this.#expects === SEPARATED) {
        if (code !== COMMA) throw invalid("neither a comma nor the end", this.at);
        this.at++;
        code = this.#skipBlanks();
      }
      if (this.#inObject) return this.#key(code);
    }
    this.#expects = SEPARATED;
    switch (code) {
      case QUOTE:
        return this.#string();
      case OPEN_ARRAY:
        return this.#open(ARRAY, false);
      case OPEN_OBJECT:
        return this.#open(MAP, true);
      case LETTER_F:
        return this.#word("false", false);
      case LETTER_N:
        return this.#word("null", null);
      case LETTER_T:
        return this.#word("true", true);
      default:
        return this.#number(code);
    }
  }

  end(): void {
    while (isBlank(this.#bytes[this.at])) this.at++;
    if (this.at < this.#bytes.length) throw invalid("bytes after the value", this.at);
  }

  #skipBlanks(): number {
    const bytes = this.#bytes;
    while (isBlank(bytes[this.at])) this.at++;
    return this.#peek();
  }

  #peek(): number {
    const code = this.#bytes[this.at];
    if (code === undefined) throw truncated(this.at);
    return code;
  }

  #open(token: Token, isObject: boolean): Token {
    this.at++;
    this.#outer.push(this.#inObject);
    this.#inObject = isObject;
    this.#expects = FIRST;
    return token;
  }

  #close(): Token {
    this.at++;
    this.#inObject = this.#outer.pop() ?? false;
    this.#expects = SEPARATED;
    return END;
  }

  /** The key of an object, and the colon behind it. */
  #key(code: number): Token {
    if (code !== QUOTE) throw invalid("a key that is no string", this.at);
    const token = this.#string();
    if (this.#skipBlanks() !== COLON) throw invalid("no colon behind a key", this.at);
    this.at++;
    this.#expects = VALUE;
    return token;
  }

  #string(): Token {
    const bytes = this.#bytes;
    const start = this.at + 1;
    let hasEscapes = false;
    let at = start;
    for (; bytes[at] !== QUOTE; at++) {
      const byte = bytes[at];
      if (byte === undefined) throw truncated(bytes.length);
      if (byte < 0x20) throw invalid("a control character in a string", at);
      if (byte !== BACKSLASH) continue;
      hasEscapes = true;
      at++;
    }
    this.text = hasEscapes ? decodeEscapes(bytes, start, at) : decodeText(bytes, start, at, false);
    this.at = at + 1;
    return STRING;
  }

  #word(word: string, value: Edn): Token {
    for (let i = 0; i < word.length; i++, this.at++) {
      if (this.#peek() !== word.charCodeAt(i)) throw invalid("not a value", this.at);
    }
    this.scalar = value;
    return SCALAR;
  }

  #number(first: number): Token {
    const start = this.at;
    if (first === MINUS) this.at++;
    const whole = this.at;
    const magnitude = this.#digits();
    const digits = this.at - whole;
    if (digits > 1 && this.#bytes[whole] === ZERO) throw invalid("a zero before a number", whole);
    if (this.#fraction()) {
      this.scalar = double(Number(this.#slice(start)));
    } else if (digits > EXACT_DIGITS) {
      const value = BigInt(this.#slice(start));
      this.scalar = isLong(value) ? long(value) : bigInteger(value);
    } else {
      // 0 - 0 is 0, and -0 would be a double.
      this.scalar = first === MINUS ? 0 - magnitude : magnitude;
    }
    return SCALAR;
  }

  /** Whether the number goes on as none of a long. */
  #fraction(): boolean {
    const behindWhole = this.at;
    if (this.#bytes[this.at] === POINT) {
      this.at++;
      this.#digits();
    }
    if (((this.#bytes[this.at] ?? 0) | 0x20) === LETTER_E) {
      this.at++;
      const sign = this.#peek();
      if (sign === PLUS || sign === MINUS) this.at++;
      this.#digits();
    }
    return this.at > behindWhole;
  }

  /** Moves on behind the digits, of which there must be one, and tells their value if they are few. */
  #digits(): number {
    const bytes = this.#bytes;
    const start = this.at;
    let value = 0;
    let code = this.#peek();
    if (code < ZERO || code > NINE) throw invalid("not a value", start);
    do {
      value = value * 10 + code - ZERO;
      code = bytes[++this.at] ?? 0;
    } while (code >= ZERO && code <= NINE);
    return value;
  }

  /** The ASCII text of the number that began here. */
  #slice(start: number): string {
    const max = this.#maxDigits;
    if (this.at - start > max) throw exceeded("maxDigits", max, start);
    return decodeText(this.#bytes, start, this.at, false);
  }
}

function isBlank(code: number | undefined): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
