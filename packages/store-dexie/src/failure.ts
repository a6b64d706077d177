/** What the browser's errors mean. */
import { type ErrorDetails, isSyncError, SyncError } from "@datahike-sync/edn";

/** Whether a connection is no more, so that another may help. */
export function isLost(error: unknown): boolean {
  return LOST.has(nameOf(error));
}

/** The error that a caller gets. */
export async function toFailure(cause: unknown): Promise<unknown> {
  if (isSyncError(cause)) return cause;
  const name = nameOf(cause);
  if (name === "QuotaExceededError") {
    const message = "the browser grants no more room";
    return new SyncError("QUOTA_EXCEEDED", message, { details: await sizes(), cause });
  }
  if (!UNAVAILABLE.has(name)) return cause;
  const message = "the browser gives no access to IndexedDB";
  return new SyncError("STORE_UNAVAILABLE", message, { details: { name }, cause });
}

/**
 * Transactions cannot begin any more (`InvalidStateError`), have ended by themselves (`AbortError`), or
 * nobody answers: Safari's `UnknownError` when its database process has ended. Dexie has names of its own.
 */
const LOST: ReadonlySet<string> = new Set([
  "InvalidStateError",
  "AbortError",
  "UnknownError",
  "DatabaseClosedError",
]);

/** Of those and of windows that may keep nothing: private, sandboxed, or with cookies forbidden. */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  ...LOST,
  "SecurityError",
  "NotAllowedError",
  "MissingAPIError",
  "MissingApiError",
  "OpenFailedError",
]);

/** The innermost error's: Dexie wraps those of the browser. */
function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("inner" in error && error.inner) return nameOf(error.inner);
  return "name" in error && typeof error.name === "string" ? error.name : "";
}

async function sizes(): Promise<ErrorDetails> {
  try {
    const { usage, quota } = await navigator.storage.estimate();
    return { usage, quota };
  } catch {
    // The sizes are a help; that they cannot be had must not hide the failure.
    return {};
  }
}
