import { isSyncError, SyncError } from "@datahike-sync/edn";

/** Of what is compared: the state before or the one after. */
export type DiffSide = "from" | "to";

/**
 * Runs a job of one side, so that a node that it misses is reported as missing there: a caller
 * whose `from` is too old to be read can do without it.
 *
 * @throws {SyncError} `NODE_MISSING` with `details.side`; whatever else the job throws, as it is.
 */
export async function onSide<T>(side: DiffSide, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!isSyncError(error, "NODE_MISSING")) throw error;
    throw new SyncError(error.code, error.message, {
      details: { ...error.details, side },
      cause: error,
    });
  }
}
