interface Item<T> {
  readonly value: T;
  next: Item<T> | undefined;
}

/** First in, first out; both in constant time, whatever it holds. */
export class Queue<T> {
  #first: Item<T> | undefined;
  #last: Item<T> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    const item: Item<T> = { value, next: undefined };
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#length++;
  }

  peek(): T | undefined {
    return this.#first?.value;
  }

  shift(): T | undefined {
    const item = this.#first;
    if (item === undefined) return undefined;
    this.#first = item.next;
    if (item.next === undefined) this.#last = undefined;
    this.#length--;
    return item.value;
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#length = 0;
  }
}
