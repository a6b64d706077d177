import { unsupported } from "@datahike-sync/core/codec-failure";
import { isWellFormed, textSize } from "@datahike-sync/core/codec-text";
import type { Output } from "./output.ts";
import type { Sink } from "./token.ts";

/** Writes MessagePack in the bytes of the JVM, whose library is older than strings with a length of one byte. */
export class MsgpackSink implements Sink {
  readonly hasStringKeys = false;
  readonly #out: Output;

  constructor(output: Output) {
    this.#out = output;
  }

  get length(): number {
    return this.#out.length;
  }

  nil(): void {
    this.#out.byte(0xc0);
  }

  boolean(value: boolean): void {
    this.#out.byte(value ? 0xc3 : 0xc2);
  }

  integer(value: number | bigint): void {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      this.#out.byte(number < 0 ? 0xd3 : 0xcf);
      this.#out.long(BigInt(value));
    } else if (number >= 0) {
      this.#natural(number);
    } else {
      this.#negative(number);
    }
  }

  double(value: number): void {
    this.#out.byte(0xcb);
    this.#out.double(value);
  }

  float(value: number): void {
    this.#out.byte(0xca);
    this.#out.float(value);
  }

  string(text: string): void {
    const size = textSize(text);
    if (size !== text.length && !isWellFormed(text)) {
      throw unsupported("a lone surrogate, which UTF-8 cannot carry", "string");
    }
    if (size < 32) this.#out.byte(0xa0 | size);
    else this.#sized(0xda, size);
    this.#out.text(text, size);
  }

  beginArray(items: number): void {
    if (items < 16) this.#out.byte(0x90 | items);
    else this.#sized(0xdc, items);
  }

  beginMap(entries: number): void {
    if (entries < 16) this.#out.byte(0x80 | entries);
    else this.#sized(0xde, entries);
  }

  end(): void {
    // Its beginning has told how many items there are.
  }

  #natural(value: number): void {
    if (value < 0x80) return this.#out.byte(value);
    if (value < 0x100) {
      this.#out.byte(0xcc);
      this.#out.byte(value);
    } else if (value < 2 ** 32) {
      this.#sized(0xcd, value);
    } else {
      this.#wide(0xcf, value);
    }
  }

  #negative(value: number): void {
    if (value >= -0x20) return this.#out.byte(value);
    if (value >= -0x80) {
      this.#out.byte(0xd0);
      this.#out.byte(value);
    } else if (value >= -0x8000) {
      this.#out.byte(0xd1);
      this.#out.half(value);
    } else if (value >= -(2 ** 31)) {
      this.#out.byte(0xd2);
      this.#out.word(value);
    } else {
      this.#wide(0xd3, value);
    }
  }

  /** A code and an unsigned integer in two bytes, or the next code and four bytes. */
  #sized(code: number, value: number): void {
    if (value < 0x1_0000) {
      this.#out.byte(code);
      this.#out.half(value);
    } else {
      this.#out.byte(code + 1);
      this.#out.word(value);
    }
  }

  /** A code and the 64 bits of a safe integer. */
  #wide(code: number, value: number): void {
    this.#out.byte(code);
    this.#out.word(Math.floor(value / 2 ** 32));
    this.#out.word(value);
  }
}
