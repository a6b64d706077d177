import { truncated } from "@datahike-sync/core/codec-failure";
import { decodeText } from "@datahike-sync/core/codec-text";

/** A cursor over bytes, with the forms of numbers, strings and byte arrays. */
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
    const byte = this.bytes[this.at];
    if (byte === undefined) throw truncated(this.at);
    this.at++;
    return byte;
  }

  /** An unsigned integer of 1, 2 or 4 bytes. */
  uint(length: number): number {
    const { bytes } = this;
    const offset = this.skip(length);
    let value = bytes[offset] ?? 0;
    for (let at = offset + 1; at < this.at; at++) value = value * 0x100 + (bytes[at] ?? 0);
    return value;
  }

  int8(): number {
    return (this.byte() << 24) >> 24;
  }

  int16(): number {
    return this.view.getInt16(this.skip(2));
  }

  int32(): number {
    return this.view.getInt32(this.skip(4));
  }

  /** An integer of 8 bytes with a sign. */
  int64(): number | bigint {
    const view = this.view;
    const offset = this.skip(8);
    const value = view.getInt32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    return Number.isSafeInteger(value) ? value : view.getBigInt64(offset);
  }

  /** An integer of 8 bytes without a sign. */
  uint64(): number | bigint {
    const view = this.view;
    const offset = this.skip(8);
    const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    return Number.isSafeInteger(value) ? value : view.getBigUint64(offset);
  }

  float32(): number {
    return this.view.getFloat32(this.skip(4));
  }

  float64(): number {
    return this.view.getFloat64(this.skip(8));
  }

  /** A string of so many bytes of UTF-8. */
  text(length: number): string {
    const start = this.skip(length);
    return decodeText(this.bytes, start, this.at, false);
  }

  /** A new array of so many bytes. */
  bin(length: number): Uint8Array {
    const start = this.skip(length);
    // Not `slice`, which in Node's Buffer gives the same memory.
    return new Uint8Array(this.bytes.subarray(start, this.at));
  }

  /** How long the payload is of the extension that begins with this code. */
  payloadLength(code: number): number {
    return code < 0xd4 ? this.uint(1 << (code - 0xc7)) : 1 << (code - 0xd4);
  }

  /** Moves on by so many bytes, which must be there, and tells where they begin. */
  skip(length: number): number {
    const offset = this.at;
    if (length > this.bytes.length - offset) throw truncated(offset);
    this.at = offset + length;
    return offset;
  }

  /** A view of all bytes. Most small values need none. */
  get view(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#view ??= new DataView(buffer, byteOffset, byteLength));
  }
}
