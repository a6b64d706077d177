/** A store in memory: the whole contract of a store, and the reference for every other. */
import { type Codec, type ObjectRow, openObjectStore, type Store } from "@datahike-sync/core";
import { memoryDriver } from "./memory-driver.ts";
import type { MemoryMap } from "./memory-map.ts";

export interface MemoryStoreOptions {
  /** Encodes values for readers that ask for them encoded. Default none: those that came so only. */
  readonly codec?: Codec | undefined;
  /**
   * Where the entries are: other stores on the same map see them, now or after this one was closed.
   * Default a map of its own, which nobody reaches any more once the store is closed.
   */
  readonly map?: MemoryMap<ObjectRow> | undefined;
  /**
   * Without one it remembers nothing that was deleted, and takes less memory: what lies before another
   * store needs none. Stores on one map are all with, or all without. Default true.
   */
  readonly feed?: boolean | undefined;
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** A {@link Store} that encodes nothing: values stay as they came, also those that came encoded. */
export type MemoryStore = Store;

export const MemoryStore: {
  /** A store with what is on its map. */
  open(options?: MemoryStoreOptions): Promise<MemoryStore>;
} = {
  open: ({ codec, map, feed, now } = {}) =>
    openObjectStore(memoryDriver(map), { codec, feed, now }),
};
