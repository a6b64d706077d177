/** A store in IndexedDB: the whole contract of a store, in a browser. */
import { type Codec, openStore, type Store } from "@datahike-sync/core";
import { dexieDriver } from "./dexie-driver.ts";

export interface DexieStoreOptions {
  /** The database's name, of its own within the origin. */
  readonly name: string;
  /** Encodes keys, values and standings. A database is opened with the codec that it was written with. */
  readonly codec: Codec;
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** A {@link Store} that any number of tabs may open at a time. */
export type DexieStore = Store;

export const DexieStore: {
  /**
   * A store with what is in its database, which is made where there is none.
   *
   * @throws {SyncError} `STORE_UNAVAILABLE`, `STORE_LOCKED`, `QUOTA_EXCEEDED`; `CODEC_UNSUPPORTED` for a
   * database that was written with another codec or by a later version; `ENTRY_UNREADABLE` for one that
   * is no store.
   */
  open(options: DexieStoreOptions): Promise<DexieStore>;
} = {
  open: async ({ name, codec, now }) => {
    const driver = await dexieDriver(name);
    try {
      return await openStore(driver, { codec, now });
    } catch (error) {
      await driver.close();
      throw error;
    }
  },
};
