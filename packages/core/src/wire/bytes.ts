/** Bytes as messages are made of: varints, and byte strings behind their length. */
import { SyncError } from "@datahike-sync/edn";

/** Writes into one array that doubles. Long byte strings wait outside, to be copied only once. */
export class ByteWriter {
  #bytes: Uint8Array;
  #at = 0;
  readonly #long: LongBytes[] = [];
  #longLength = 0;

  /**
   * @param room How much is written, where that is known. By default so little that the engine has it among
   * its own objects: many bodies need no more.
   */
  constructor(room = 64) {
    this.#bytes = new Uint8Array(room);
  }

  get length(): number {
    return this.#at + this.#longLength;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  /** A whole number from 0 to 2^53 - 1: seven bits a byte, the lowest first. */
  varint(value: number): void {
    if (value < 0x80) return this.byte(value);
    this.#room(varintBytes(value));
    let rest = value;
    // Beyond 31 bits the bitwise operators would cut it off.
    while (rest > 0x7fff_ffff) {
      this.#bytes[this.#at++] = 0x80 | (rest % 128);
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Bytes as they are. Nobody changes them before `finish`. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= LONG_BYTES) {
      this.#long.push({ bytes, at: this.#at });
      this.#longLength += bytes.length;
      return;
    }
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Bytes behind their length. */
  block(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** What was written, in an array of its own; the writer is of no use afterwards. */
  finish(): Uint8Array {
    if (this.#long.length === 0 && this.#at === this.#bytes.length) return this.#bytes;
    const all = new Uint8Array(this.length);
    let from = 0;
    let to = 0;
    for (const { bytes, at } of this.#long) {
      // Few between two long ones: a view of them would cost more than the loop.
      while (from < at) all[to++] = this.#bytes[from++] ?? 0;
      all.set(bytes, to);
      to += bytes.length;
    }
    all.set(this.#bytes.subarray(from, this.#at), to);
    return all;
  }

  #room(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** How long a varint is. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Bytes, and before which of the writer's own they belong. */
interface LongBytes {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** From here on it is cheaper to remember bytes than to copy them twice. */
const LONG_BYTES = 256;

/** Reads what a {@link ByteWriter} wrote. Anything else is a `PROTOCOL_VIOLATION` with its offset. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw violation("the message ends early", this.#at);
    this.#at++;
    return byte;
  }

  varint(): number {
    const start = this.#at;
    let value = 0;
    let unit = 1;
    for (let byte = this.byte(); ; byte = this.byte()) {
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      unit *= 128;
      if (unit > 2 ** 49) throw violation("a number beyond 2^53", start);
    }
    if (!Number.isSafeInteger(value)) throw violation("a number beyond 2^53", start);
    return value;
  }

  /** Bytes behind their length; shared with the message. */
  block(): Uint8Array {
    const start = this.#at;
    return this.#take(this.varint(), start);
  }

  /** Bytes behind their length plus one; a length of 0 means none. */
  optionalBlock(): Uint8Array | undefined {
    const start = this.#at;
    const length = this.varint();
    return length === 0 ? undefined : this.#take(length - 1, start);
  }

  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }

  #take(length: number, start: number): Uint8Array {
    // Compared before anything is cut out: a length of 2^53 costs nothing.
    if (length > this.#bytes.length - this.#at) throw violation("the message ends early", start);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** The other side sent what the protocol does not allow. */
export function violation(message: string, offset: number, cause?: unknown): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message, { details: { offset }, cause });
}
