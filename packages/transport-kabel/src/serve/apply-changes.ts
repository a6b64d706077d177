/** Writes what a subscriber has published. */
import type { Store } from "@datahike-sync/core";
import { SyncError } from "@datahike-sync/edn";
import type { StoreChange } from "../store-changes.ts";

/**
 * What is written is committed, and as a commit goes to all who have subscribed, the one who published it
 * among them: so all of them end with what the store has.
 *
 * @throws {SyncError} `STORE_READ_ONLY` without a store that can be written to, and as its `set` and `delete`.
 */
export async function applyChanges(
  store: Store | undefined,
  changes: readonly StoreChange[],
): Promise<void> {
  if (store === undefined) throw new SyncError("STORE_READ_ONLY", "the store cannot be written to");
  for (const change of changes) {
    if (change.op === "delete") {
      await store.delete(change.key);
    } else if (!change.immutable || !(await store.has(change.key))) {
      await store.set(change.key, change.value, { immutable: change.immutable });
    }
  }
}
