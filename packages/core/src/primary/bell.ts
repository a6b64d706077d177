/** Waiting for something to happen, without asking again and again. */

export class Bell {
  #waiting: (() => void)[] = [];

  /** Wakes all who wait now. */
  ring(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves when the bell rings next. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** As `next`; rejects with the signal's reason when that is aborted. */
  async rung(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.push(wake);
      signal.addEventListener("abort", wake);
    });
    signal.throwIfAborted();
  }
}
