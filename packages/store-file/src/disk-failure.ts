/** What it means for a store that its disk refuses something. */
import { SyncError } from "@datahike-sync/edn";

/** The error that a caller is told; the disk's own where there is nothing else to say. */
export function diskFailure(cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  // Of a quota, and of a limit on the size of files, as of a disk that is full.
  if (FULL.has(code)) {
    const details = { code };
    return new SyncError("QUOTA_EXCEEDED", "the disk has no room for it", { details, cause });
  }
  if (code === "EROFS") {
    return new SyncError("STORE_READ_ONLY", "the disk is only for reading", { cause });
  }
  return cause;
}

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
