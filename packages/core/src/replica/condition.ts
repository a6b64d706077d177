/** Something that one waits for, and others bring about. */
import type { Clock } from "../clock.ts";

export class Condition {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next {@link Condition.notify}. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
    });
  }

  /** As `wait`, but no longer than this. */
  waitAtMost(delayMs: number, clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#waiting.delete(end);
        resolve();
      };
      const cancel = clock.after(delayMs, end);
      this.#waiting.add(end);
    });
  }

  notify(): void {
    const waiting = Array.from(this.#waiting);
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
