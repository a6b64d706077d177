/** What a subscription has brought: of the rest of a store sync neither tells nor takes. */
import type { Uuid } from "@datahike-sync/edn";
import { ItemSet } from "../reconcile/item-set.ts";
import type { KeyEntry, Store } from "../store.ts";

export async function* brought(store: Store, origin: Uuid): AsyncGenerator<KeyEntry, void> {
  for await (const entry of store.keys()) {
    if (entry.origin?.identity === origin.identity) yield entry;
  }
}

/** All of it, to be compared with what the primary has. */
export async function itemsOf(store: Store, origin: Uuid): Promise<ItemSet> {
  const entries: KeyEntry[] = [];
  for await (const entry of brought(store, origin)) entries.push(entry);
  return new ItemSet(entries);
}
