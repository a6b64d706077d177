import { invalid, truncated } from "@datahike-sync/core/codec-failure";
import { decodeText } from "./text.ts";

/** A cursor over bytes, with the forms of numbers, strings and byte arrays. */
export class Input {
  readonly bytes: Uint8Array;
  /** The offset of the next byte. */
  at = 0;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The next byte, which says what follows. */
  code(): number {
    const code = this.peek();
    this.at++;
    return code;
  }

  /** The next byte, which stays the next. */
  peek(): number {
    const code = this.bytes[this.at];
    if (code === undefined) throw truncated(this.at);
    return code;
  }

  /** The integer that begins with this code, or `undefined` where the code is no integer's. */
  int(code: number): number | bigint | undefined {
    if (code < 0x40) return code;
    if (code < 0x80) return this.packedInt(code);
    if (code === 0xff) return -1;
    return code === 0xf8 ? this.long() : undefined;
  }

  /** The integer of a code from 0x40 up to 0x7f. */
  packedInt(code: number): number {
    if (code < 0x60) return ((code - 0x50) << 8) | this.code();
    if (code < 0x70) return ((code - 0x68) << 16) | this.#short();
    if (code < 0x74) return ((code - 0x72) << 24) | (this.code() << 16) | this.#short();
    if (code < 0x78) return this.#wide(code - 0x76);
    if (code < 0x7c) return this.#wide(((code - 0x7a) << 8) | this.code());
    return this.#wide(((code - 0x7e) << 16) | this.#short());
  }

  /** The integer of eight bytes. */
  long(): number | bigint {
    const high = this.word();
    const value = this.#wide(high);
    if (Number.isSafeInteger(value)) return value;
    this.at -= 4;
    return (BigInt(high) << 32n) | BigInt(this.word() >>> 0);
  }

  /** The signed integer of four bytes. */
  word(): number {
    const { bytes, at } = this;
    if (at + 4 > bytes.length) throw truncated(at);
    this.at = at + 4;
    return (
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)
    );
  }

  /** How many things of at least one byte each follow. */
  count(): number {
    const offset = this.at;
    const count = this.int(this.code());
    if (count === undefined || count < 0) throw invalid("not a count", offset);
    if (count > this.bytes.length - this.at) throw truncated(offset);
    return Number(count);
  }

  /** An index or a number of fields, which says nothing yet of the bytes that follow. */
  index(): number {
    const offset = this.at;
    const index = this.int(this.code());
    if (typeof index !== "number" || index < 0) throw invalid("not an index", offset);
    return index;
  }

  /** The double of eight bytes. */
  double(): number {
    const value = this.#viewOf(8).getFloat64(this.at);
    this.at += 8;
    return value;
  }

  /** The number of single precision in four bytes. */
  float(): number {
    const value = this.#viewOf(4).getFloat32(this.at);
    this.at += 4;
    return value;
  }

  /** The string that begins with this code, which is one of 0xda up to 0xe3. */
  text(code: number): string {
    if (code < 0xe2) return this.#textOf(code - 0xda);
    if (code === 0xe3) return this.#textOf(this.count());
    let text = this.#textOf(this.count());
    for (;;) {
      const next = this.code();
      if (next < 0xda || next > 0xe3) throw invalid("not the rest of a string", this.at - 1);
      if (next !== 0xe2) return text + this.text(next);
      text += this.#textOf(this.count());
    }
  }

  /** A new array with the bytes that begin with this code, which is one of 0xd0 up to 0xd9. */
  byteArray(code: number): Uint8Array {
    if (code < 0xd8) return this.#copy(code - 0xd0);
    if (code === 0xd9) return this.#copy(this.count());
    const start = this.at;
    const joined = new Uint8Array(this.#eachChunk(undefined));
    this.at = start;
    this.#eachChunk(joined);
    return joined;
  }

  /** Walks the chunks of a byte array, copies them if there is where to, and tells their length. */
  #eachChunk(target: Uint8Array | undefined): number {
    let length = 0;
    for (let code = 0xd8; ; code = this.code()) {
      if (code !== 0xd8 && code !== 0xd9)
        throw invalid("not the rest of a byte array", this.at - 1);
      const count = this.count();
      target?.set(this.bytes.subarray(this.at, this.at + count), length);
      this.at += count;
      length += count;
      if (code === 0xd9) return length;
    }
  }

  /** The unsigned integer of two bytes. */
  #short(): number {
    const { bytes, at } = this;
    if (at + 2 > bytes.length) throw truncated(at);
    this.at = at + 2;
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }

  /** The integer of these high bits and 32 more. */
  #wide(high: number): number {
    return high * 2 ** 32 + (this.word() >>> 0);
  }

  #textOf(length: number): string {
    const start = this.at;
    const end = start + length;
    if (end > this.bytes.length) throw truncated(start);
    this.at = end;
    return decodeText(this.bytes, start, end);
  }

  #copy(length: number): Uint8Array {
    const start = this.at;
    const end = start + length;
    if (end > this.bytes.length) throw truncated(start);
    this.at = end;
    const copy = new Uint8Array(length);
    copy.set(this.bytes.subarray(start, end));
    return copy;
  }

  /** A view of all bytes, of which this many follow. Most values need none. */
  #viewOf(length: number): DataView {
    if (this.at + length > this.bytes.length) throw truncated(this.at);
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#view ??= new DataView(buffer, byteOffset, byteLength));
  }
}
