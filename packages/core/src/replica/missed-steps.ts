/** What has changed in a store that follows, for listeners who were not told when it did. */
import type { Edn } from "@datahike-sync/edn";
import type { FeedPosition, SetFact, StepCursor } from "../feed.ts";
import { isSameCursor } from "../same-cursor.ts";
import type { KeyEntry } from "../store.ts";
import { brought } from "./brought.ts";
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
  if (!store.capabilities.feed) return tellFromEntries(following, cursor);
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

/** In a store without a feed everything counts as changed that is there; what went cannot be told. */
async function tellFromEntries(following: Following, cursor: StepCursor): Promise<void> {
  const { store, storeId, listeners } = following;
  const tell = async (keys: readonly Edn[]) => {
    const entries = await store.getMany(keys, { encoded: true });
    const operations = entries.flatMap((entry): SetFact[] => {
      return entry === undefined ? [] : [{ op: "set", ...entry }];
    });
    if (operations.length > 0) listeners.tellStep({ cursor, operations });
  };
  const { last } = await store.feed();
  let keys: Edn[] = [];
  for await (const entry of brought(store, storeId)) {
    if (!isShown(entry, following)) continue;
    keys.push(entry.key);
    if (keys.length < ENTRIES_AT_ONCE) continue;
    await tell(keys);
    keys = [];
  }
  await tell(keys);
  following.toldOf(cursor, last);
}

const ENTRIES_AT_ONCE = 512;

function isShown(entry: KeyEntry, { storeId, walker }: Following): boolean {
  if (entry.origin?.identity !== storeId.identity || entry.immutable) return false;
  return walker?.classify(entry.key, entry) !== "node";
}
