import { decodeText } from "@datahike-sync/core/codec-text";

/**
 * What short texts stand for, found again by their bytes, so that nothing is made of a text that was
 * there before. Holds on to no more than its {@link SLOTS}.
 */
export class TextCache<T> {
  /** Makes what a text stands for. */
  readonly make: (text: string) => T;
  readonly #entries: (Entry<T> | undefined)[] = [];

  constructor(make: (text: string) => T) {
    this.make = make;
  }

  /**
   * What the text of the bytes from `start` up to `end` stands for.
   *
   * @throws {SyncError} `CODEC_INVALID` when it is not UTF-8.
   */
  of(bytes: Uint8Array, start: number, end: number): T {
    const slot = slotOf(bytes, start, end);
    const entry = this.#entries[slot];
    if (entry !== undefined && isText(entry.text, bytes, start, end)) return entry.value;
    const value = this.make(decodeText(bytes, start, end, false));
    // Not `slice`, which in Node's Buffer gives the same memory.
    const text = new Uint8Array(bytes.subarray(start, end));
    if (text.length <= LONGEST) this.#entries[slot] = { text, value };
    return value;
  }
}

interface Entry<T> {
  readonly text: Uint8Array;
  readonly value: T;
}

/** A database has some dozens of attributes. A power of two. */
const SLOTS = 1024;

/** The longest text that is remembered, in bytes. */
const LONGEST = 64;

/**
 * The place for a text. Its length and last bytes tell names of one namespace apart; who is unlucky, or
 * means it ill, is read as quickly as without a cache.
 */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const last = (bytes[end - 1] ?? 0) + ((bytes[end - 2] ?? 0) << 5) + ((bytes[end - 3] ?? 0) << 3);
  return (last + length * 37 + (bytes[start + (length >> 1)] ?? 0) * 131) & (SLOTS - 1);
}

function isText(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[start + i]) return false;
  return true;
}
