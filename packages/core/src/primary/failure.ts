/** What a peer learns of an error: its code and what that means, nothing of this machine. */
import { isSyncError, SyncError } from "@datahike-sync/edn";
import { ERROR_CODES, type SyncErrorCode } from "../errors.ts";
import type { Failure } from "../protocol.ts";

export function failureOf(id: number, { code, details }: SyncError): Failure {
  const isOurs = Object.hasOwn(ERROR_CODES, code);
  // `as`: the table has it.
  const known = isOurs ? (code as SyncErrorCode) : "INTERNAL";
  const afterMs = details["afterMs"];
  return {
    type: "error",
    id,
    code: known,
    message: ERROR_CODES[known],
    retryable: !LASTING.has(known),
    afterMs: typeof afterMs === "number" ? afterMs : undefined,
  };
}

/** No store that this side knows, or none for whoever asks: the two answer alike. */
export function notFound(why: string, cause?: unknown): SyncError {
  return new SyncError("STORE_NOT_FOUND", why, { cause });
}

/** Asked again after a while, the answer may be another. */
export function retryLater(why: string, afterMs: number): SyncError {
  return new SyncError("RETRY_LATER", why, { details: { afterMs } });
}

/** What was thrown by something that throws none of our errors. */
export function faultOf(error: unknown): SyncError {
  if (isSyncError(error)) return error;
  return new SyncError("INTERNAL", "a store, a filter, a walker or a codec threw", {
    cause: error,
  });
}

/** Asked again, the answer will be the same. */
const LASTING: ReadonlySet<string> = new Set<SyncErrorCode>([
  "STORE_NOT_FOUND",
  "PROTOCOL_VIOLATION",
  "LIMIT_EXCEEDED",
  "FRAME_TOO_LARGE",
  "CODEC_UNSUPPORTED",
  "CODEC_LIMIT",
]);
