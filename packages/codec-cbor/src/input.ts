import { invalid, truncated } from "@datahike-sync/core/codec-failure";
import { decodeText } from "@datahike-sync/core/codec-text";

/** What ends a collection or string of a length that was not told. */
export const BREAK = 0xff;

/** A cursor over bytes, with the forms of heads, numbers, strings and byte arrays. */
export class Input {
  readonly bytes: Uint8Array;
  /** The offset of the next byte. */
  at = 0;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The next byte. */
  byte(): number {
    const byte = this.peek();
    this.at++;
    return byte;
  }

  /** The next byte, which stays the next. */
  peek(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw truncated(this.at);
    return byte;
  }

  /** Whether what was begun without a length ends here. */
  ends(): boolean {
    if (this.peek() !== BREAK) return false;
    this.at++;
    return true;
  }

  /** The unsigned integer that belongs to a head. */
  argument(head: number): number | bigint {
    const info = head & 0x1f;
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.byte();
      case 25:
        return this.#view16(this.skip(2));
      case 26:
        return this.word() >>> 0;
      case 27:
        return this.#wide(this.skip(8));
      default:
        throw invalid("a head that means nothing", this.at - 1);
    }
  }

  /** How many things of at least so many bytes each follow a head. */
  count(head: number, each = 1): number {
    const offset = this.at - 1;
    const count = Number(this.argument(head));
    if (count * each > this.bytes.length - this.at) throw truncated(offset);
    return count;
  }

  /** A number of half precision. */
  float16(): number {
    return halfOf(this.#view16(this.skip(2)));
  }

  float32(): number {
    return this.#viewOf().getFloat32(this.skip(4));
  }

  float64(): number {
    return this.#viewOf().getFloat64(this.skip(8));
  }

  /** The signed integer of four bytes. */
  word(): number {
    const { bytes } = this;
    const at = this.skip(4);
    return (
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)
    );
  }

  /** A string of so many bytes of UTF-8. */
  text(length: number): string {
    const start = this.skip(length);
    return decodeText(this.bytes, start, this.at, false);
  }

  /** A new array of so many bytes. */
  copy(length: number): Uint8Array {
    const start = this.skip(length);
    // Not `slice`, which in Node's Buffer gives the same memory.
    return new Uint8Array(this.bytes.subarray(start, this.at));
  }

  /** Moves on by so many bytes, which must be there, and tells where they begin. */
  skip(length: number): number {
    const offset = this.at;
    if (length > this.bytes.length - offset) throw truncated(offset);
    this.at = offset + length;
    return offset;
  }

  #view16(offset: number): number {
    return ((this.bytes[offset] ?? 0) << 8) | (this.bytes[offset + 1] ?? 0);
  }

  #wide(offset: number): number | bigint {
    const view = this.#viewOf();
    const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    return Number.isSafeInteger(value) ? value : view.getBigUint64(offset);
  }

  /** A view of all bytes. Most small values need none. */
  #viewOf(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#view ??= new DataView(buffer, byteOffset, byteLength));
  }
}

/** The number whose sign, 5 bits of exponent and 10 of fraction these are. */
export function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  let magnitude = (1024 + fraction) * 2 ** (exponent - 25);
  if (exponent === 0) magnitude = fraction * 2 ** -24;
  if (exponent === 31) magnitude = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  return bits < 0x8000 ? magnitude : -magnitude;
}
