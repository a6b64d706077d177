/**
 * The items of chunks one by one, without waiting within a chunk: an async generator would wait for
 * every item, which makes it several times slower. Calls are answered in the order in which they came.
 */
export class FlatIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #chunks: AsyncIterator<readonly T[], unknown>;
  #chunk: readonly T[] = [];
  #next = 0;
  /** The last call that waits for a chunk; calls that come meanwhile wait for it. */
  #waiting: Promise<IteratorResult<T, undefined>> | undefined;

  constructor(chunks: AsyncIterator<readonly T[], unknown>) {
    this.#chunks = chunks;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting === undefined && this.#next < this.#chunk.length) {
      return Promise.resolve({ done: false, value: this.#chunk[this.#next++] as T });
    }
    const call = this.#wait(this.#waiting);
    this.#waiting = call;
    const settled = () => {
      if (this.#waiting === call) this.#waiting = undefined;
    };
    call.then(settled, settled);
    return call;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#chunk = [];
    await this.#chunks.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #wait(earlier: Promise<unknown> | undefined): Promise<IteratorResult<T, undefined>> {
    // Its own caller is told of its error.
    await earlier?.catch(() => {});
    while (this.#next >= this.#chunk.length) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return { done: true, value: undefined };
      this.#chunk = value;
      this.#next = 0;
    }
    return { done: false, value: this.#chunk[this.#next++] as T };
  }
}
