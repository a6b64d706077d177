/** What the errors of abstract-level databases say. */
import { SyncError } from "@datahike-sync/core";

/**
 * What a write that failed has left: half a record in LevelDB's log; or that LevelDB has stopped,
 * because it could not write a table or its manifest, and takes no write until it is opened again.
 */
export type Damage = "half-record" | "stopped";

/** `undefined` where a write that fails leaves nothing. */
export function damageOf(error: unknown): Damage | undefined {
  const found = causes(error).find(({ code }) => code === "LEVEL_IO_ERROR");
  if (found === undefined) return undefined;
  return /\.log: /.test(found.message) ? "half-record" : "stopped";
}

/** The error with a code of ours, where there is one for it; else the error as it is. */
export function toKnown(error: unknown): unknown {
  const found = causes(error);
  for (const { name, code, message } of found) {
    if (code === "LEVEL_LOCKED") {
      return new SyncError("STORE_LOCKED", "the database is open elsewhere", { cause: error });
    }
    if (name === "QuotaExceededError" || (code === "LEVEL_IO_ERROR" && NO_ROOM.test(message))) {
      return new SyncError("QUOTA_EXCEEDED", "there is no room for the database", { cause: error });
    }
    if (code === "LEVEL_CORRUPTION") {
      return new SyncError("ENTRY_UNREADABLE", "the database is damaged", { cause: error });
    }
  }
  const isClosed = found.length === 1 && found[0]?.code === "LEVEL_DATABASE_NOT_OPEN";
  if (!isClosed) return error;
  return new SyncError("STORE_CLOSED", "the database was closed", { cause: error });
}

/** LevelDB tells the system's message and no number: of a full disk, a quota, and a limit of file sizes. */
const NO_ROOM = /no space left|not enough space|dis[ck] quota exceeded|file too large/i;

interface Failure {
  readonly name: string;
  readonly code: unknown;
  readonly message: string;
}

/** An error, its cause, and so on; not for ever, since anybody may have made them. */
function causes(error: unknown): Failure[] {
  const found: Failure[] = [];
  for (let at = error; at instanceof Error && found.length < 8; at = at.cause) {
    found.push({ name: at.name, code: "code" in at ? at.code : undefined, message: at.message });
  }
  return found;
}
