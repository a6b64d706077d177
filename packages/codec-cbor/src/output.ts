import { exceeded } from "@datahike-sync/core/codec-failure";
import { encodeText } from "@datahike-sync/core/codec-text";

/** A growing array of bytes, with the forms of heads and floats. */
export class Output {
  readonly #maxBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(Math.min(INITIAL, maxBytes));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written from an offset on. */
  from(offset: number): Uint8Array {
    return this.#bytes.slice(offset, this.#length);
  }

  /** What was written, in an array of its own. From now on another value is written. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    // One large value would hold on to its room for good.
    if (this.#bytes.length > KEPT) this.#moveTo(new Uint8Array(Math.min(INITIAL, this.#maxBytes)));
    return bytes;
  }

  byte(value: number): void {
    const offset = this.#reserve(1);
    this.#bytes[offset] = value;
  }

  /** The 32 bits of an integer. */
  word(value: number): void {
    const offset = this.#reserve(4);
    this.#view.setInt32(offset, value);
  }

  /** A head of this major type and its argument, an unsigned integer, in the fewest bytes. */
  head(major: number, argument: number): void {
    const type = major << 5;
    if (argument < 24) {
      this.byte(type | argument);
    } else if (argument < 0x100) {
      const offset = this.#reserve(2);
      this.#bytes[offset] = type | 24;
      this.#bytes[offset + 1] = argument;
    } else if (argument < 0x1_0000) {
      const offset = this.#reserve(3);
      this.#bytes[offset] = type | 25;
      this.#bytes[offset + 1] = argument >> 8;
      this.#bytes[offset + 2] = argument;
    } else {
      this.#longHead(type, argument);
    }
  }

  /** The same for an argument of up to 64 bits. */
  bigHead(major: number, argument: bigint): void {
    const number = Number(argument);
    if (Number.isSafeInteger(number)) return this.head(major, number);
    const offset = this.#reserve(9);
    this.#bytes[offset] = (major << 5) | 27;
    this.#view.setBigUint64(offset + 1, argument);
  }

  /** A double, never shortened, as the JVM writes it. */
  double(value: number): void {
    const offset = this.#reserve(9);
    this.#bytes[offset] = 0xfb;
    // There are many NaNs, and an engine may hand on the bits of any.
    this.#view.setFloat64(offset + 1, Number.isNaN(value) ? Number.NaN : value);
  }

  /** A number of single precision. */
  float(value: number): void {
    const offset = this.#reserve(5);
    this.#bytes[offset] = 0xfa;
    this.#view.setFloat32(offset + 1, Number.isNaN(value) ? Number.NaN : value);
  }

  /** A view of the next bytes, to be written before anything else is. */
  room(length: number): DataView {
    const offset = this.#reserve(length);
    return new DataView(this.#bytes.buffer, offset, length);
  }

  /** Bytes as they are. */
  raw(source: Uint8Array): void {
    const offset = this.#reserve(source.length);
    if (source.length > SHORT) {
      this.#bytes.set(source, offset);
    } else {
      for (let i = 0; i < source.length; i++) this.#bytes[offset + i] = source[i] ?? 0;
    }
  }

  /** A text that takes so many bytes of UTF-8, as it is. */
  text(text: string, size: number): void {
    const offset = this.#reserve(size);
    encodeText(text, size, this.#bytes, offset);
  }

  #longHead(type: number, argument: number): void {
    if (argument < 2 ** 32) {
      const offset = this.#reserve(5);
      this.#bytes[offset] = type | 26;
      this.#view.setUint32(offset + 1, argument);
    } else {
      const offset = this.#reserve(9);
      this.#bytes[offset] = type | 27;
      this.#view.setUint32(offset + 1, argument / 2 ** 32);
      this.#view.setUint32(offset + 5, argument);
    }
  }

  /**
   * Makes room for so many bytes, counts them as written, and tells where they begin. The array and its
   * view may be others afterwards.
   */
  #reserve(count: number): number {
    const offset = this.#length;
    this.#length = offset + count;
    if (this.#length > this.#bytes.length) this.#grow(offset);
    return offset;
  }

  /** Room for all that counts as written, of which `used` bytes are. */
  #grow(used: number): void {
    const max = this.#maxBytes;
    if (this.#length > max) throw exceeded("maxBytes", max);
    const grown = new Uint8Array(Math.min(max, Math.max(this.#length, 2 * this.#bytes.length)));
    grown.set(this.#bytes.subarray(0, used));
    this.#moveTo(grown);
  }

  #moveTo(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** The room to begin with, in bytes: most keys and cells need no more. */
const INITIAL = 1024;

/** The room that is kept from one value to the next, in bytes. */
const KEPT = 2 ** 20;

/** Up to so many bytes a loop copies quicker than a call of the platform. */
const SHORT = 32;
