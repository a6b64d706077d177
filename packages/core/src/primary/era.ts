/** Cursors and the eras that they belong to. */
import { SyncError } from "@datahike-sync/edn";
import type { Cursor, FeedState } from "../feed.ts";
import type { Store } from "../store.ts";

/** Whether the store's history still has this cursor in it. */
export function isInHistory({ eras }: FeedState, { era, seq }: Cursor): boolean {
  const at = eras.findIndex(({ id }) => id === era);
  // What a crash took off an era's end was not what is there now under the same numbers.
  const next = eras[at + 1];
  return at >= 0 && seq <= (next?.after ?? Number.POSITIVE_INFINITY);
}

/** Whether all that changed since can be told. */
export function isGood(feed: FeedState, cursor: Cursor): boolean {
  return isInHistory(feed, cursor) && cursor.seq >= feed.floor && cursor.seq <= feed.last;
}

/**
 * The cursor of a commit that a read has just seen.
 *
 * @throws {SyncError} `FEED_TRUNCATED` when the era that it belongs to is forgotten already.
 */
export async function cursorAt(store: Store, seq: number): Promise<Cursor> {
  const { eras } = await store.feed();
  const era = eras.findLast(({ after }) => after <= seq);
  if (era !== undefined) return { era: era.id, seq };
  throw new SyncError("FEED_TRUNCATED", "the era of what was read is forgotten");
}
