/** A store on an abstract-level database. */
import {
  type Codec,
  openStore,
  type Store,
  type StoreDriver,
  SyncError,
} from "@datahike-sync/core";
import { finishErasing } from "./level-access.ts";
import type { LevelDatabase, LevelSnapshot } from "./level-database.ts";
import { levelDriver } from "./level-driver.ts";
import { toKnown } from "./level-failure.ts";

export interface LevelStoreOptions {
  /** Encodes keys and values. A database is opened with the codec that it was written with. */
  readonly codec: Codec;
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** A {@link Store} whose commits are on disk when `write` resolves. One at a time has its database. */
export type LevelStore = Store;

export const LevelStore: {
  /**
   * Opens the database, where it is not open yet, and the store in it. The database belongs to the store
   * from then on, and is closed with it; when this rejects it is left as it is.
   *
   * @throws {SyncError} `STORE_LOCKED` when another process has the database open, or another store;
   * `CODEC_UNSUPPORTED` when it was written with another codec; `ENTRY_UNREADABLE` when it is no store
   * or is damaged; `QUOTA_EXCEEDED`.
   */
  open<Snapshot extends LevelSnapshot>(
    db: LevelDatabase<Snapshot>,
    options: LevelStoreOptions,
  ): Promise<LevelStore>;
} = {
  async open(db, { codec, now }) {
    const release = take(db);
    try {
      await db.open();
      await finishErasing(db);
      return await openStore(releasing(levelDriver(db), release), { codec, now });
    } catch (error) {
      release();
      throw toKnown(error);
    }
  },
};

/** On the database itself, so that another copy of this package sees it. */
const TAKEN = Symbol.for("@datahike-sync/store-level: taken");

/** LevelDB has a lock against other processes, and none against a second store on the same object. */
function take(db: object): () => void {
  if (Reflect.get(db, TAKEN) === true) {
    throw new SyncError("STORE_LOCKED", "the database belongs to another store");
  }
  Reflect.set(db, TAKEN, true);
  return () => Reflect.set(db, TAKEN, false);
}

function releasing(driver: StoreDriver, release: () => void): StoreDriver {
  return {
    ...driver,
    close: () => driver.close().finally(release),
    destroy: () => driver.destroy().finally(release),
  };
}
