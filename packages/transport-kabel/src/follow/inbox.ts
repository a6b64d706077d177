/** What came and was not gone through yet, in order. */

export class Inbox<T> {
  readonly #events: { readonly event: T; readonly bytes: number }[] = [];
  #head = 0;
  #bytes = 0;
  #wake: (() => void) | undefined;

  /** Of all that waits. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#events.length;
  }

  push(event: T, bytes: number): void {
    this.#events.push({ event, bytes });
    this.#bytes += bytes;
    this.#wake?.();
  }

  /** The next event, when there is one. For one who asks again only after the answer. */
  async next(): Promise<T> {
    for (;;) {
      const next = this.#events[this.#head];
      if (next !== undefined) {
        this.#head++;
        this.#bytes -= next.bytes;
        // Not each time: moving the others would be quadratic.
        if (this.#head * 2 > this.#events.length) {
          this.#events.splice(0, this.#head);
          this.#head = 0;
        }
        return next.event;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
