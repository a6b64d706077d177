/** The stores that systems keep their entries in, where they have none of their own. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Codec, encoded, type Operation, type Store } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { LevelStore } from "@datahike-sync/store-level";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ClassicLevel } from "classic-level";
import type { Change } from "./system.ts";

/** Opens a new store, in a place of its own, which goes when the store is destroyed. */
export type OpenStore = (codec: Codec) => Promise<Store>;

export const STORES: Readonly<Record<string, OpenStore>> = {
  memory: (codec) => MemoryStore.open({ codec }),
  level: async (codec) => {
    const folder = await mkdtemp(join(tmpdir(), "datahike-sync-bench-"));
    return LevelStore.open(new ClassicLevel(folder), { codec });
  },
};

/** Writes entries in commits of some hundreds, as an application would fill a store. */
export async function fill(store: Store, codec: Codec, entries: readonly Change[]): Promise<void> {
  for (let start = 0; start < entries.length; start += ENTRIES_PER_COMMIT) {
    const some = entries.slice(start, start + ENTRIES_PER_COMMIT);
    await store.write(some.map((change) => toOperation(change, codec)));
  }
}

/** Values as they would be in a store on disk: encoded. */
export function toOperation({ key, value, immutable }: Change, codec: Codec): Operation {
  return value === undefined
    ? { op: "delete", key }
    : { op: "set", key, value: encoded(codec, value), immutable };
}

/** The bytes of a value, undecoded. */
export async function bytesIn(store: Store, key: Edn): Promise<Uint8Array | undefined> {
  return (await store.get(key, { encoded: true }))?.value.bytes;
}

/** Tells of every key that a store commits. Returns the stop function. */
export function tellKeys(store: Store, onKey: (key: Edn) => void): () => void {
  return store.onCommit(({ operations }) => {
    for (const { key } of operations) onKey(key);
  });
}

const ENTRIES_PER_COMMIT = 500;
