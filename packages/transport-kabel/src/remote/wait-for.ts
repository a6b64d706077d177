/** Waits for what somebody else does. */

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** The error of a wait that took longer. */
  readonly lateError: () => Error;
}

/**
 * Resolves or rejects as `begin` says through its arguments, or rejects when the time is over, or with the
 * signal's reason. What `begin` returns ends what it began, whatever became of it.
 */
export async function waitFor<T>(
  { timeoutMs, signal, lateError }: WaitOptions,
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void,
): Promise<T> {
  signal?.throwIfAborted();
  const stops: (() => void)[] = [];
  try {
    const outcome = await new Promise<{ readonly value: T } | undefined>((resolve, reject) => {
      const timer = setTimeout(() => reject(lateError()), timeoutMs);
      const abort = () => resolve(undefined);
      signal?.addEventListener("abort", abort, { once: true });
      stops.push(
        () => clearTimeout(timer),
        () => signal?.removeEventListener("abort", abort),
        begin((value) => resolve({ value }), reject),
      );
    });
    if (outcome !== undefined) return outcome.value;
    signal?.throwIfAborted();
    throw new TypeError("a wait ended for no reason");
  } finally {
    for (const stop of stops) stop();
  }
}
