/** Steps that another opener has applied while this one had no part in them. */
import type { FeedOperation, FeedPosition } from "../feed.ts";
import type { Following } from "./following.ts";
import { isSameCursor } from "./standing-keeper.ts";

/**
 * Tells listeners what has changed since they were told the last time, from the store's own feed. What
 * is far away there is told in several steps.
 */
export async function tellMissed(following: Following): Promise<void> {
  const { store, keeper, listeners, told } = following;
  const { cursor } = keeper.standing;
  if (told === undefined) {
    following.toldOf(cursor, (await store.feed()).last);
    return;
  }
  if (cursor === undefined || isSameCursor(cursor, told.cursor)) return;
  let after: FeedPosition = { seq: told.seq, place: Number.POSITIVE_INFINITY };
  for (;;) {
    // What was deleted so long ago that nobody remembers it cannot be told.
    const { rows, done, last } = await store.changes(after, { since: Number.POSITIVE_INFINITY });
    const operations = rows.map((row) => row.operation).filter((one) => isShown(one, following));
    if (operations.length > 0) listeners.tellStep({ cursor, operations }, []);
    after = rows.at(-1) ?? after;
    if (!done) continue;
    following.toldOf(cursor, last);
    return;
  }
}

function isShown(operation: FeedOperation, { storeId, walker }: Following): boolean {
  if (operation.origin?.identity !== storeId.identity || operation.immutable) return false;
  return walker?.classify(operation.key, operation) !== "node";
}
