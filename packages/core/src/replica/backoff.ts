/** How long to wait before the next attempt. */
import type { Environment } from "../environment.ts";

/** Waits that double, each by chance anywhere between nothing and its whole: many who lost one line spread. */
export class Backoff {
  readonly #environment: Environment;
  #attempts = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Whether nothing has failed since something worked. */
  get isFresh(): boolean {
    return this.#attempts === 0;
  }

  /** In milliseconds. */
  next(): number {
    const { limits, random } = this.#environment;
    const whole = limits.backoffMinMs * 2 ** Math.min(this.#attempts++, 30);
    return random() * Math.min(limits.backoffMaxMs, whole);
  }

  /** Something has worked. */
  reset(): void {
    this.#attempts = 0;
  }
}
