/** Small facts about a failure: names, counts, offsets. Never values, tokens or configurations. */
export type ErrorDetails = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

export interface SyncErrorOptions {
  readonly details?: ErrorDetails | undefined;
  /** The error that led to this one, kept as it is. */
  readonly cause?: unknown;
}

/**
 * A failure that a caller can act on. `code` is stable within a major version, `message` is for
 * people and is not. Misuse (a wrong argument type) is a `TypeError` or `RangeError` instead.
 *
 * @see docs/errors.md for every code.
 */
export class SyncError extends Error {
  override readonly name: string = "SyncError";
  readonly code: string;
  readonly details: ErrorDetails;

  constructor(code: string, message: string, options: SyncErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = Object.freeze({ ...options.details });
  }
}

/** Like `instanceof SyncError`, but also true of an error from another copy of this package. */
export function isSyncError(error: unknown, code?: string): error is SyncError {
  return (
    error instanceof Error &&
    error.name === "SyncError" &&
    "code" in error &&
    (code === undefined || error.code === code)
  );
}
