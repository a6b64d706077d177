/** Doing something from time to time. */
import type { Clock } from "../clock.ts";

/**
 * Runs a job again and again, `everyMs` after the one before has ended, until it rejects or the function
 * that it returns is called. `onFailure` is told what it rejected with.
 */
export function repeat(
  clock: Clock,
  everyMs: number,
  job: () => Promise<void>,
  onFailure: (error: unknown) => void,
): () => void {
  let isStopped = false;
  let stopTimer = () => undefined as void;
  const run = async () => {
    try {
      await job();
      if (!isStopped) set();
    } catch (error) {
      if (!isStopped) onFailure(error);
    }
  };
  const set = () => {
    stopTimer = clock.after(everyMs, () => void run());
  };
  set();
  return () => {
    isStopped = true;
    stopTimer();
  };
}
