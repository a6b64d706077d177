/** Keeps reads and changes of a store apart, so that nobody in this process sees half a commit. */

/** Reads run together, changes alone: one waits for the reads under way, and those that come wait for it. */
export class Gate {
  #reading = 0;
  #changing: Promise<void> | undefined;
  #idle: () => void = () => undefined;

  async read<T>(job: () => Promise<T>): Promise<T> {
    while (this.#changing !== undefined) await this.#changing;
    this.#reading++;
    try {
      return await job();
    } finally {
      this.#reading--;
      if (this.#reading === 0) this.#idle();
    }
  }

  /** One call at a time. A job that changes does not read through the gate. */
  async change<T>(job: () => Promise<T>): Promise<T> {
    let done = () => undefined as void;
    this.#changing = new Promise<void>((resolve) => {
      done = resolve;
    });
    try {
      if (this.#reading > 0) {
        await new Promise<void>((resolve) => {
          this.#idle = resolve;
        });
      }
      return await job();
    } finally {
      this.#changing = undefined;
      done();
    }
  }
}
