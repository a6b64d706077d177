import { exceeded } from "@datahike-sync/core/codec-failure";
import { encodeText } from "@datahike-sync/core/codec-text";
import { encodeUnit, isPlain } from "./json-text.ts";

/** A growing array of bytes. */
export class Output {
  readonly #maxBytes: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** What was written, in an array of its own. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    const offset = this.#reserve(1);
    this.#bytes[offset] = value;
  }

  /** The lowest 16 bits. */
  half(value: number): void {
    const offset = this.#reserve(2);
    this.#view.setInt16(offset, value);
  }

  /** The lowest 32 bits. */
  word(value: number): void {
    const offset = this.#reserve(4);
    this.#view.setInt32(offset, value);
  }

  float(value: number): void {
    const offset = this.#reserve(4);
    this.#view.setFloat32(offset, value);
  }

  /** The lowest 64 bits. */
  long(value: bigint): void {
    const offset = this.#reserve(8);
    this.#view.setBigInt64(offset, value);
  }

  double(value: number): void {
    const offset = this.#reserve(8);
    this.#view.setFloat64(offset, value);
  }

  /** A text that takes so many bytes of UTF-8. */
  text(text: string, size: number): void {
    const offset = this.#reserve(size);
    encodeText(text, size, this.#bytes, offset);
  }

  /** A string of JSON, in its quotes. */
  quoted(text: string): void {
    this.byte(QUOTE);
    for (let from = 0; from < text.length; from += SLICE) {
      this.#escaped(text, from, Math.min(from + SLICE, text.length));
    }
    this.byte(QUOTE);
  }

  /** The units of a text between two places. */
  #escaped(text: string, from: number, to: number): void {
    let at = this.#length;
    this.#makeRoom(at + LONGEST_UNIT * (to - from));
    for (let i = from; i < to; i++) {
      const unit = text.charCodeAt(i);
      if (isPlain(unit)) this.#bytes[at++] = unit;
      else at = encodeUnit(unit, this.#bytes, at);
    }
    this.#moveTo(at);
  }

  /** Makes room for so many bytes, counts them as written, and tells where they begin. */
  #reserve(count: number): number {
    const offset = this.#length;
    this.#moveTo(offset + count);
    this.#makeRoom(this.#length);
    return offset;
  }

  #moveTo(length: number): void {
    if (length > this.#maxBytes) throw exceeded("maxBytes", this.#maxBytes);
    this.#length = length;
  }

  /** Sees to it that there is room for so many bytes in all. The array and its view may be others then. */
  #makeRoom(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

const QUOTE = 0x22;

/** The room to begin with, in bytes: most messages need no more. */
const INITIAL = 1024;

/** So many units of a text are written at once, with room for the longest that they can become. */
const SLICE = 1000;
const LONGEST_UNIT = 6;
