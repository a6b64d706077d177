/** Counts how often keys cross a line, whatever the format of what carries them. */

/**
 * Keys are found as plain text: a prefix, then a fixed number of digits. A value has been sent twice when
 * its key has.
 */
export class KeyCount {
  readonly #prefix: string;
  readonly #bytes: number;
  readonly #times = new Map<string, number>();
  /** The end of what was seen, where half a key may be. */
  #rest = Buffer.alloc(0);

  constructor(prefix: string, digits: number) {
    this.#prefix = prefix;
    this.#bytes = prefix.length + digits;
  }

  /** How many keys crossed more than once, counting each time after the first. */
  get again(): number {
    let again = 0;
    for (const times of this.#times.values()) again += times - 1;
    return again;
  }

  /** Takes the next bytes of a line. */
  add(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let end = 0;
    for (let at = bytes.indexOf(this.#prefix); at >= 0; at = bytes.indexOf(this.#prefix, at + 1)) {
      if (at + this.#bytes > bytes.length) break;
      end = at + this.#bytes;
      const key = bytes.toString("latin1", at, end);
      this.#times.set(key, (this.#times.get(key) ?? 0) + 1);
    }
    this.#rest = bytes.subarray(Math.max(end, bytes.length - this.#bytes + 1));
  }

  /** Another line begins. */
  reset(): void {
    this.#rest = Buffer.alloc(0);
  }
}
