/** First in, first out; both in constant time, whatever it holds. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  peek(): T | undefined {
    return this.#items[this.#first];
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    // Not to be kept in memory by its place.
    this.#items[this.#first++] = undefined;
    if (this.isEmpty) this.clear();
    else if (this.#first >= SPARE && this.#first * 2 >= this.#items.length) this.#compact();
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }

  /** A queue that is never empty would grow with all that ever went through it. */
  #compact(): void {
    this.#items.splice(0, this.#first);
    this.#first = 0;
  }
}

/** Fewer places than this are not worth the copying. */
const SPARE = 1024;
