/** Those who want to be told, in the order in which they said so. */

export class Listeners<T> {
  /** Boxed, so that a function that listens twice is two listeners. */
  readonly #boxes = new Set<{ readonly listener: (event: T) => void }>();

  /** Returns the function that takes this listener off. */
  add(listener: (event: T) => void): () => void {
    const box = { listener };
    this.#boxes.add(box);
    return () => {
      this.#boxes.delete(box);
    };
  }

  /** Tells all that listen now. What one throws is thrown again on its own: the others are told. */
  tell(event: T): void {
    for (const { listener } of Array.from(this.#boxes)) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
