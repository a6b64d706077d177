/** Time, as those take it who do not ask the platform for it. */

/** Time by argument: the platform's own, or one that a simulation moves. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back; says nothing about the time of day. */
  now(): number;
  /** Calls `job` once, at least `delayMs` from now. Returns the function that prevents it. */
  after(delayMs: number, job: () => void): () => void;
}

/** The platform's time and timers. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, job) => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (leftMs: number) => {
      const some = Math.min(leftMs, LONGEST_MS);
      timer = setTimeout(() => (some < leftMs ? wait(leftMs - some) : job()), some);
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};

/** A platform's timer that is set for longer fires at once, and the other side names some delays. */
const LONGEST_MS = 2 ** 31 - 1;
