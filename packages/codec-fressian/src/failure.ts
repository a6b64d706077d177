/** The errors of this codec. */
import { type ErrorDetails, type Kind, SyncError } from "@datahike-sync/edn";
import type { FressianLimits } from "./limits.ts";

/** The error for bytes that end before their value does. */
export function truncated(offset: number): SyncError {
  return new SyncError("CODEC_TRUNCATED", "the bytes end before the value does", {
    details: { offset },
  });
}

/** The error for bytes that are not of this format. */
export function invalid(
  message: string,
  offset: number,
  details?: ErrorDetails,
  cause?: unknown,
): SyncError {
  return new SyncError("CODEC_INVALID", message, { details: { offset, ...details }, cause });
}

/** The error for bytes or values beyond a limit. Only bytes have an offset. */
export function exceeded(limit: keyof FressianLimits, max: number, offset?: number): SyncError {
  return new SyncError("CODEC_LIMIT", `beyond the limit ${limit}`, {
    details: { limit, max, offset },
  });
}

/** The error for values that the format has no form for. */
export function unsupported(message: string, kind: Kind): SyncError {
  return new SyncError("CODEC_UNSUPPORTED", message, { details: { kind } });
}
