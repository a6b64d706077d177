/** @packageDocumentation The errors that every codec throws, for authors of codecs. */
import { type ErrorDetails, isSyncError, type Kind, SyncError } from "@datahike-sync/edn";

/** The error for bytes that end before their value does. */
export function truncated(offset: number): SyncError {
  return new SyncError("CODEC_TRUNCATED", "the bytes end before the value does", {
    details: { offset },
  });
}

/** The error for bytes that are not of the codec's format. */
export function invalid(
  message: string,
  offset: number,
  details?: ErrorDetails,
  cause?: unknown,
): SyncError {
  return new SyncError("CODEC_INVALID", message, { details: { offset, ...details }, cause });
}

/** The error for bytes or values beyond a limit, which is called like the option. Only bytes have an offset. */
export function exceeded(limit: string, max: number, offset?: number): SyncError {
  return new SyncError("CODEC_LIMIT", `beyond the limit ${limit}`, {
    details: { limit, max, offset },
  });
}

/** The error for values that the format has no form for. */
export function unsupported(message: string, kind: Kind): SyncError {
  return new SyncError("CODEC_UNSUPPORTED", message, { details: { kind } });
}

/**
 * Whether the engine's stack ended before the limit: it is small in workers of some browsers, and may
 * be nearly used up by the caller. To the caller that is the same as too deep a value.
 */
export function isStackOverflow(error: unknown): boolean {
  return (
    error instanceof Error && /call stack|recursion/.test(error.message) && !isSyncError(error)
  );
}
