/** Walks stores of one pointer, whose value is a version and the keys of its nodes. */
import type { DiffOptions, ReadableStore, Walker } from "@datahike-sync/core";
import { SyncError } from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";

export const POINTER = "list";

/** `select` takes nothing but `null`: everything. */
export function listWalker(): Walker {
  const walker: Walker = {
    pointers: () => [POINTER],
    select(options) {
      if (options === null) return walker;
      throw new TypeError("there is nothing to select");
    },
    async *walk() {},
    async *diff(store, from, to, { signal }: DiffOptions = {}) {
      const held = new Set(from.flatMap(({ value }) => namesOf(value)).map(identity));
      for (const key of to.flatMap(({ value }) => namesOf(value))) {
        signal?.throwIfAborted();
        if (held.has(identity(key))) continue;
        await checkThere(store, key);
        yield { key, change: "added" };
      }
    },
    classify: (key) => (key === POINTER ? "pointer" : "node"),
    children: namesOf,
    token: (value) => (Array.isArray(value) ? (value[0] as Edn) : undefined),
    // Of old values nothing is kept but by the primary, for a while.
    resolve: () => Promise.resolve(undefined),
    recycles: () => false,
  };
  return walker;
}

function namesOf(value: Edn): readonly Edn[] {
  // `as`: an array that is EDN is a vector.
  return Array.isArray(value) ? (value as readonly Edn[]).slice(1) : [];
}

async function checkThere(store: ReadableStore, key: Edn): Promise<void> {
  if (await store.has(key)) return;
  throw new SyncError("NODE_MISSING", "a node is missing", { details: { side: "to", path: [] } });
}
