/** Virtual time: it stands still until the world moves it. */
import type { Clock } from "@datahike-sync/core";
import type { Life } from "./life.ts";

interface Timer {
  readonly at: number;
  readonly life: Life;
  readonly job: () => void;
}

export class Timeline {
  /** Milliseconds since the world began. */
  now = 0;
  /** The next first; of one time, in the order in which they were set. */
  #timers: Timer[] = [];

  /** The time of somebody whose timers end with it. `offset` is what its clock said at the beginning. */
  clock(life: Life, offset: number): Clock {
    return {
      now: () => this.now + offset,
      after: (delayMs, job) => {
        const timer = { at: this.now + Math.max(0, delayMs), life, job };
        let place = this.#timers.length;
        while (place > 0 && (this.#timers[place - 1] as Timer).at > timer.at) place--;
        this.#timers.splice(place, 0, timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
    };
  }

  /** When the next timer is due. */
  get next(): number {
    this.#timers = this.#timers.filter(({ life }) => !life.isOver);
    return this.#timers[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** How many timers somebody has set. */
  countOf(life: Life): number {
    return this.#timers.filter((timer) => timer.life === life).length;
  }

  /** Runs the next timer, and makes it the time for which that was set. */
  fire(): void {
    const timer = this.#timers.shift();
    if (timer === undefined || timer.life.isOver) return;
    this.now = Math.max(this.now, timer.at);
    timer.job();
  }
}
