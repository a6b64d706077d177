/** Virtual time: it stands still until the world moves it. */
import type { Clock } from "@datahike-sync/core";

/** What ends all at once when a process does: its timers, its lines, its calls of a disk. */
export class Life {
  readonly name: string;
  isOver = false;

  constructor(name: string) {
    this.name = name;
  }
}

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

  /** The time of somebody whose timers end with it. */
  clock(life: Life): Clock {
    return {
      now: () => this.now,
      after: (delayMs, job) => {
        const timer = { at: this.now + Math.max(0, delayMs), life, job };
        this.#timers.splice(this.#placeAfter(timer.at), 0, timer);
        return () => {
          const place = this.#timers.indexOf(timer);
          if (place >= 0) this.#timers.splice(place, 1);
        };
      },
    };
  }

  /** When the next timer is due. */
  get next(): number {
    while (this.#timers[0]?.life.isOver === true) this.#timers.shift();
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

  #placeAfter(at: number): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
