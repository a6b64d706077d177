import type { Clock } from "@datahike-sync/core";

interface Timer {
  readonly time: number;
  readonly job: () => void;
}

/** Time that stands still until it is moved. */
export class VirtualClock implements Clock {
  #now = 0;
  #timers: Timer[] = [];

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, job: () => void): () => void {
    const timer = { time: this.#now + delayMs, job };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves to this time, timer by timer; microtasks run after each. */
  async moveTo(time: number): Promise<void> {
    await settled();
    for (let next = this.#next(time); next !== undefined; next = this.#next(time)) {
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = next.time;
      next.job();
      await settled();
    }
    this.#now = time;
  }

  #next(until: number): Timer | undefined {
    return this.#timers.filter(({ time }) => time <= until).sort((a, b) => a.time - b.time)[0];
  }
}

/** Runs what waits on microtasks. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
