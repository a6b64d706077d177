import { exceeded } from "@datahike-sync/core/codec-failure";
import { chunkEnd, encodeText, textSize } from "./text.ts";

/** A growing array of bytes, with the forms of numbers, strings and byte arrays. */
export class Output {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What was written, in an array of its own. */
  toBytes(): Uint8Array {
    if (this.#at > this.#maxBytes) throw exceeded("maxBytes", this.#maxBytes);
    return this.#bytes.slice(0, this.#at);
  }

  /** One byte, usually a code. */
  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** A safe integer in the fewest bytes. */
  int(value: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    if (value >= -1 && value < 0x40) {
      bytes[this.#at++] = value;
    } else if (value >= -0x1000 && value < 0x1000) {
      bytes[this.#at++] = 0x50 + (value >> 8);
      bytes[this.#at++] = value;
    } else if (value >= -0x8_0000 && value < 0x8_0000) {
      bytes[this.#at++] = 0x68 + (value >> 16);
      bytes[this.#at++] = value >> 8;
      bytes[this.#at++] = value;
    } else if (value >= -0x200_0000 && value < 0x200_0000) {
      bytes[this.#at++] = 0x72 + (value >> 24);
      bytes[this.#at++] = value >> 16;
      bytes[this.#at++] = value >> 8;
      bytes[this.#at++] = value;
    } else {
      this.#wideInt(value);
    }
  }

  /** An integer of 64 bits in the fewest bytes. */
  long(value: bigint): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return this.int(number);
    this.#reserve(9);
    this.#bytes[this.#at] = 0xf8;
    this.#view.setBigInt64(this.#at + 1, value);
    this.#at += 9;
  }

  /** The 32 bits of an integer, without a code. */
  word(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
  }

  /** A double. 0.0 and -0.0 are the same byte, as on the JVM. */
  double(value: number): void {
    if (value === 0) return this.byte(0xfb);
    if (value === 1) return this.byte(0xfc);
    this.#reserve(9);
    this.#bytes[this.#at] = 0xfa;
    // The JVM writes one NaN; an engine may hand on the bits of another.
    this.#view.setFloat64(this.#at + 1, Number.isNaN(value) ? Number.NaN : value);
    this.#at += 9;
  }

  /** A number of single precision. */
  float(value: number): void {
    this.#reserve(5);
    this.#bytes[this.#at] = 0xf9;
    this.#view.setFloat32(this.#at + 1, Number.isNaN(value) ? Number.NaN : value);
    this.#at += 5;
  }

  /** A string, in chunks where it is long. */
  text(text: string): void {
    let start = 0;
    let end = chunkEnd(text, start);
    while (end < text.length) {
      this.#textChunk(0xe2, text, start, end);
      start = end;
      end = chunkEnd(text, start);
    }
    this.#textChunk(0xe3, text, start, end);
  }

  /** A byte array, in chunks where it is long. */
  bytes(source: Uint8Array): void {
    if (source.length < 8) {
      this.byte(0xd0 + source.length);
      return this.#raw(source);
    }
    let start = 0;
    for (; source.length - start > BYTES_CHUNK; start += BYTES_CHUNK) {
      this.byte(0xd8);
      this.int(BYTES_CHUNK);
      this.#raw(source.subarray(start, start + BYTES_CHUNK));
    }
    this.byte(0xd9);
    this.int(source.length - start);
    this.#raw(source.subarray(start));
  }

  #wideInt(value: number): void {
    const view = this.#view;
    const at = this.#at;
    const high = Math.floor(value / 2 ** 32);
    if (value >= -(2 ** 33) && value < 2 ** 33) {
      view.setUint8(at, 0x76 + high);
      view.setUint32(at + 1, value);
      this.#at = at + 5;
    } else if (value >= -(2 ** 41) && value < 2 ** 41) {
      view.setUint16(at, 0x7a00 + high);
      view.setUint32(at + 2, value);
      this.#at = at + 6;
    } else if (value >= -(2 ** 49) && value < 2 ** 49) {
      view.setUint8(at, 0x7e + (high >> 16));
      view.setUint16(at + 1, high);
      view.setUint32(at + 3, value);
      this.#at = at + 7;
    } else {
      view.setUint8(at, 0xf8);
      view.setInt32(at + 1, high);
      view.setUint32(at + 5, value);
      this.#at = at + 9;
    }
  }

  #textChunk(code: number, text: string, start: number, end: number): void {
    const size = textSize(text, start, end);
    if (size < 8) {
      this.byte(0xda + size);
    } else {
      this.byte(code);
      this.int(size);
    }
    this.#reserve(size);
    encodeText(text, start, end, this.#bytes, this.#at);
    this.#at += size;
  }

  #raw(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#at);
    this.#at += source.length;
  }

  #reserve(count: number): void {
    if (this.#at + count > this.#bytes.length) this.#grow(this.#at + count);
  }

  #grow(needed: number): void {
    const most = this.#maxBytes + SLACK;
    if (needed > most) throw exceeded("maxBytes", this.#maxBytes);
    const grown = new Uint8Array(Math.min(most, Math.max(needed, 2 * this.#bytes.length)));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** The bytes of all chunks of a byte array but the last. */
const BYTES_CHUNK = 65_535;

/** What may be reserved and not used. */
const SLACK = 8;
