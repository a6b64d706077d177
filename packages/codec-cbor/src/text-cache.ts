import { decodeText } from "@datahike-sync/core/codec-text";

/**
 * What short texts stand for, found again by their bytes, so that nothing is made of a text that was
 * there before. Holds on to no more than its {@link SLOTS}.
 */
export class TextCache<T> {
  /** Makes what a text stands for. */
  readonly make: (text: string) => T;
  /** The bytes of each slot's text, side by side: an array for each would cost more than to read it. */
  #texts: Uint8Array = NO_TEXTS;
  readonly #lengths: Uint8Array = new Uint8Array(SLOTS);
  readonly #values: (T | undefined)[] = [];
  /** The slot of the text that was asked for before. */
  #last = 0;

  constructor(make: (text: string) => T) {
    this.make = make;
  }

  /**
   * What the text of the bytes from `start` up to `end` stands for.
   *
   * @throws {SyncError} `CODEC_INVALID` when it is not UTF-8.
   */
  of(bytes: Uint8Array, start: number, end: number): T {
    // Most often it is what it was before.
    const last = this.#values[this.#last];
    if (last !== undefined && this.#holds(this.#last, bytes, start, end)) return last;
    const slot = slotOf(bytes, start, end);
    this.#last = slot;
    const known = this.#values[slot];
    if (known !== undefined && this.#holds(slot, bytes, start, end)) return known;
    return this.#add(slot, bytes, start, end);
  }

  /** Whether a slot's text, if it has one, is this. */
  #holds(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengths[slot] !== length) return false;
    const texts = this.#texts;
    const from = slot * LONGEST;
    for (let i = 0; i < length; i++) if (texts[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #add(slot: number, bytes: Uint8Array, start: number, end: number): T {
    const value = this.make(decodeText(bytes, start, end, false));
    if (end - start > LONGEST) return value;
    // Not before it is used: many a codec reads no names, or one value.
    if (this.#texts === NO_TEXTS) this.#texts = new Uint8Array(SLOTS * LONGEST);
    this.#texts.set(bytes.subarray(start, end), slot * LONGEST);
    this.#lengths[slot] = end - start;
    this.#values[slot] = value;
    return value;
  }
}

/** A database has some dozens of attributes. A power of two. */
const SLOTS = 1024;

/** The longest text that is remembered, in bytes. */
const LONGEST = 64;

const NO_TEXTS: Uint8Array = new Uint8Array(0);

/**
 * The slot for a text. Its length and last bytes tell names of one namespace apart; who is unlucky, or
 * means it ill, is read as quickly as without a cache.
 */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const last = (bytes[end - 1] ?? 0) + ((bytes[end - 2] ?? 0) << 5) + ((bytes[end - 3] ?? 0) << 3);
  return (last + length * 37 + (bytes[start + (length >> 1)] ?? 0) * 131) & (SLOTS - 1);
}
