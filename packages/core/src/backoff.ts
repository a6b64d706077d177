/** How long to wait before the next attempt. */
import type { Clock } from "./clock.ts";
import type { OnWake } from "./wake.ts";

export interface BackoffOptions {
  /** The first wait at its longest, and every wait at its longest. Milliseconds. */
  readonly minMs: number;
  readonly maxMs: number;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/** What a pause ends by. */
export interface PauseOptions {
  readonly clock: Clock;
  /** What else says that it is worth trying again. */
  readonly onWake: OnWake;
  readonly signal: AbortSignal;
}

/** Waits that double, each by chance anywhere between nothing and its whole: many who lost one line spread. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Whether nothing has failed since something worked. */
  get isFresh(): boolean {
    return this.#attempts === 0;
  }

  /** The next wait, in milliseconds. */
  next(): number {
    const { minMs, maxMs, random } = this.#options;
    const whole = minMs * 2 ** Math.min(this.#attempts++, 30);
    return random() * Math.min(maxMs, whole);
  }

  /** Something has worked. */
  reset(): void {
    this.#attempts = 0;
  }

  /** Waits, unless it is woken or aborted before. Never rejects. */
  pause({ clock, onWake, signal }: PauseOptions): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = clock.after(this.next(), end);
      const stop = onWake(() => {
        // A network that has just come may still fail the first attempt, and the next is not to be late.
        this.reset();
        end();
      });
      signal.addEventListener("abort", end, { once: true });
    });
  }
}
