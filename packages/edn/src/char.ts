/** A character: one UTF-16 code unit, as on the JVM. Made by {@link char}. */
export class Char {
  readonly code: number;

  constructor(code: number) {
    if (!Number.isInteger(code) || code < 0 || code > 0xffff) {
      throw new RangeError(`a character is one UTF-16 code unit, not ${code}`);
    }
    this.code = code;
    Object.freeze(this);
  }

  get ednKind(): "char" {
    return "char";
  }

  get identity(): string {
    return `c${this.code}`;
  }

  /** A string of one code unit. */
  toString(): string {
    return String.fromCharCode(this.code);
  }
}

/** The character of a one-unit string, or with this code. */
export function char(source: string | number): Char {
  if (typeof source === "number") return new Char(source);
  if (source.length !== 1) throw new RangeError("a character is a string of length 1");
  return new Char(source.charCodeAt(0));
}
