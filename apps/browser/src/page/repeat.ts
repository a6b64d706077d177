/** A job that is asked for more often than it can be done. */

/**
 * Returns what asks for the job: it runs once more after it was last asked for, and never twice at a
 * time.
 */
export function repeat(job: () => Promise<void>, onError: (error: unknown) => void): () => void {
  let [isWanted, isRunning] = [false, false];
  const run = async () => {
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await job().catch(onError);
    }
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
