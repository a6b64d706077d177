/** Named moments, each at most once at a time. */
import type { Clock } from "@datahike-sync/core";

export class Timers<Name extends string> {
  readonly #clock: Clock;
  readonly #ring: (name: Name) => void;
  readonly #cancels = new Map<Name, () => void>();

  constructor(clock: Clock, ring: (name: Name) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings after this long, unless it is set already or stopped before. */
  set(name: Name, delayMs: number): void {
    if (this.#cancels.has(name)) return;
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(name);
      this.#ring(name);
    });
    this.#cancels.set(name, cancel);
  }

  stop(name: Name): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  stopAll(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
