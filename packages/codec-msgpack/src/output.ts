import { exceeded } from "@datahike-sync/core/codec-failure";
import { encodeText, isWellFormed, textSize } from "@datahike-sync/core/codec-text";
import { STRING } from "./extension-types.ts";

/** A growing array of bytes, with the forms of MessagePack, each in the fewest bytes. */
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

  /** The byte at an offset. */
  at(offset: number): number {
    return this.#bytes[offset] ?? 0;
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

  /** The 16 bits of an integer. */
  half(value: number): void {
    const offset = this.#reserve(2);
    this.#view.setInt16(offset, value);
  }

  /** The 32 bits of an integer. */
  word(value: number): void {
    const offset = this.#reserve(4);
    this.#view.setInt32(offset, value);
  }

  /** A view of the next bytes, to be written before anything else is. */
  room(length: number): DataView {
    const offset = this.#reserve(length);
    return new DataView(this.#bytes.buffer, offset, length);
  }

  /** Bytes as they are. */
  raw(source: Uint8Array): void {
    const offset = this.#reserve(source.length);
    this.#bytes.set(source, offset);
  }

  /** A text of this {@link textSize} as it is. */
  text(text: string, size: number): void {
    const offset = this.#reserve(size);
    encodeText(text, size, this.#bytes, offset);
  }

  /** A safe integer. */
  int(value: number): void {
    if (value >= 0) {
      if (value < 0x80) this.byte(value);
      else if (value < 2 ** 32) this.#sized(0xcc, value);
      else this.#wide(0xcf, value);
    } else if (value >= -0x20) {
      this.byte(value);
    } else if (value >= -0x80) {
      this.#with8(0xd0, value);
    } else if (value >= -0x8000) {
      this.#with16(0xd1, value);
    } else if (value >= -(2 ** 31)) {
      this.#with32(0xd2, value);
    } else {
      this.#wide(0xd3, value);
    }
  }

  /** An integer of 64 bits with a sign. */
  long(value: bigint): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return this.int(number);
    this.byte(value < 0n ? 0xd3 : 0xcf);
    const offset = this.#reserve(8);
    this.#view.setBigInt64(offset, value);
  }

  double(value: number): void {
    this.byte(0xcb);
    const offset = this.#reserve(8);
    // There are many NaNs, and an engine may hand on the bits of any.
    this.#view.setFloat64(offset, Number.isNaN(value) ? Number.NaN : value);
  }

  /** A number of single precision. */
  float(value: number): void {
    this.byte(0xca);
    const offset = this.#reserve(4);
    this.#view.setFloat32(offset, Number.isNaN(value) ? Number.NaN : value);
  }

  /** The beginning of an array of so many items. */
  array(count: number): void {
    if (count < 16) this.byte(0x90 | count);
    else this.#sized(0xdb, count);
  }

  /** The beginning of a map of so many entries. */
  map(count: number): void {
    if (count < 16) this.byte(0x80 | count);
    else this.#sized(0xdd, count);
  }

  bin(source: Uint8Array): void {
    this.#sized(0xc4, source.length);
    this.raw(source);
  }

  /** A string; an extension where UTF-8 cannot carry it. */
  string(text: string): void {
    const size = textSize(text);
    if (size !== text.length && !isWellFormed(text)) this.extension(STRING, size);
    else if (size < 32) this.byte(0xa0 | size);
    else this.#sized(0xd9, size);
    this.text(text, size);
  }

  /** The beginning of an extension of this type, whose payload has this length. */
  extension(type: number, length: number): void {
    const code = fixedCode(length);
    if (code !== undefined) return this.#with8(code, type);
    this.#sized(0xc7, length);
    this.byte(type);
  }

  /**
   * A code and an unsigned integer in 1, 2 or 4 bytes. `code` is that for 1 byte, and the next two are
   * those for more; arrays and maps have none for 1 byte.
   */
  #sized(code: number, value: number): void {
    if (value < 0x100 && code < 0xdb) this.#with8(code, value);
    else if (value < 0x1_0000) this.#with16(code + 1, value);
    else this.#with32(code + 2, value);
  }

  /** A code and the 64 bits of a safe integer. */
  #wide(code: number, value: number): void {
    this.#with32(code, Math.floor(value / 2 ** 32));
    this.word(value);
  }

  #with8(code: number, value: number): void {
    const offset = this.#reserve(2);
    this.#bytes[offset] = code;
    this.#bytes[offset + 1] = value;
  }

  #with16(code: number, value: number): void {
    const offset = this.#reserve(3);
    this.#bytes[offset] = code;
    this.#view.setInt16(offset + 1, value);
  }

  #with32(code: number, value: number): void {
    const offset = this.#reserve(5);
    this.#bytes[offset] = code;
    this.#view.setInt32(offset + 1, value);
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

/** The code of an extension whose payload has this length, for the lengths that have one. */
function fixedCode(length: number): number | undefined {
  switch (length) {
    case 1:
      return 0xd4;
    case 2:
      return 0xd5;
    case 4:
      return 0xd6;
    case 8:
      return 0xd7;
    case 16:
      return 0xd8;
    default:
      return undefined;
  }
}
