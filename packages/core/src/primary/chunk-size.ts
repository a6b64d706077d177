/** How many entries to read at once when nobody knows how large they are. */
import type { EncodedEntry } from "../store.ts";

export class ChunkSize {
  readonly #targetBytes: number;
  #keys = FIRST;

  /** `targetBytes` is roughly what one read should bring. */
  constructor(targetBytes: number) {
    this.#targetBytes = targetBytes;
  }

  get keys(): number {
    return this.#keys;
  }

  /** Takes what was read as what will be. */
  note(entries: readonly (EncodedEntry | undefined)[]): void {
    const bytes = entries.reduce((sum, entry) => sum + (entry?.value.bytes.length ?? 0), 1);
    const keys = Math.floor((entries.length * this.#targetBytes) / bytes);
    this.#keys = Math.max(1, Math.min(keys, 2 * this.#keys, MOST));
  }
}

const FIRST = 32;
const MOST = 256;
