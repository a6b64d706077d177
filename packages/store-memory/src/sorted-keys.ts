/** Keys in order: chunks of them, so that a key is put in by moving a few hundred at most. */

export class SortedKeys {
  /** None is empty, but the only one may be. */
  readonly #chunks: string[][] = [[]];

  /** A key that is not there. */
  add(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as string[];
    // Most keys of a feed come in order.
    if (chunk.length > 0 && key > (chunk.at(-1) as string)) chunk.push(key);
    else chunk.splice(placeIn(chunk, key), 0, key);
    if (chunk.length <= MAX_CHUNK) return;
    // What grows at its end only is left full.
    const isLast = at === this.#chunks.length - 1;
    this.#chunks.splice(at + 1, 0, chunk.splice(isLast ? MAX_CHUNK : MAX_CHUNK / 2));
  }

  /** A key that is there. */
  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as string[];
    chunk.splice(placeIn(chunk, key), 1);
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1);
  }

  /** The keys from `from` on, it included, in order. */
  *after(from: string): Generator<string, undefined> {
    let at = this.#chunkOf(from);
    let place = placeIn(this.#chunks[at] as string[], from);
    for (; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as string[];
      for (; place < chunk.length; place++) yield chunk[place] as string;
      place = 0;
    }
  }

  /** The keys before `to`, it not included, backwards. */
  *before(to: string): Generator<string, undefined> {
    let at = this.#chunkOf(to);
    let place = placeIn(this.#chunks[at] as string[], to) - 1;
    for (; at >= 0; at--) {
      const chunk = this.#chunks[at] as string[];
      for (; place >= 0; place--) yield chunk[place] as string;
      place = (this.#chunks[at - 1]?.length ?? 0) - 1;
    }
  }

  /** The last chunk that does not begin behind the key, or the first. */
  #chunkOf(key: string): number {
    let low = 0;
    for (let high = this.#chunks.length; high - low > 1; ) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.[0] as string) <= key) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Large enough for a short list of chunks, small enough to be moved in no time. */
const MAX_CHUNK = 512;

/** The place of the first key that is not before this one. */
function placeIn(chunk: readonly string[], key: string): number {
  let low = 0;
  for (let high = chunk.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((chunk[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
