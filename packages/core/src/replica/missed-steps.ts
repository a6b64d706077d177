/** What has changed in a store that follows, for listeners who were not told when it did. */
import type { FeedOperation, FeedPosition } from "../feed.ts";
import { isSameCursor } from "../same-cursor.ts";
import type { Following } from "./following.ts";

/** Tells of the steps that another opener has applied while this one had no part in them. */
export async function tellMissed(following: Following): Promise<void> {
  const { keeper, told } = following;
  if (!isSameCursor(keeper.standing.cursor, told.cursor)) await tellFromFeed(following);
  // What another opener has begun to show, the end of the step will no longer change.
  if (keeper.standing.revision > 0 && !keeper.isConsistent) following.hasUntold = true;
}

/**
 * Tells of everything that changed since listeners were told the last time, from the store's own feed:
 * where that is much, as several steps, for it may be more than fits in memory.
 */
export async function tellFromFeed(following: Following): Promise<void> {
  const { store, keeper, listeners, told } = following;
  const { cursor } = keeper.standing;
  if (cursor === undefined) return;
  if (!listeners.wantSteps) return following.toldOf(cursor, (await store.feed()).last);
  let after: FeedPosition = { seq: told.seq, place: Number.POSITIVE_INFINITY };
  for (;;) {
    // What was deleted so long ago that nobody remembers it cannot be told.
    const { rows, done, last } = await store.changes(after, { since: Number.POSITIVE_INFINITY });
    const operations = rows.map((row) => row.operation).filter((one) => isShown(one, following));
    if (operations.length > 0) listeners.tellStep({ cursor, operations });
    after = rows.at(-1) ?? after;
    if (done) return following.toldOf(cursor, last);
  }
}

function isShown(operation: FeedOperation, { storeId, walker }: Following): boolean {
  if (operation.origin?.identity !== storeId.identity || operation.immutable) return false;
  return walker?.classify(operation.key, operation) !== "node";
}
