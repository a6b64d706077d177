/** A store on a SQLite database. */
import { type Codec, openStore, type Store } from "@datahike-sync/core";
import { claim, release } from "./sqlite-claim.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { sqliteDriver } from "./sqlite-driver.ts";

export interface SqliteStoreOptions {
  /** Encodes keys and values. A database is opened with the codec that it was written with. */
  readonly codec: Codec;
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export type SqliteStore = Store;

export const SqliteStore: {
  /**
   * Opens the store in a database, which belongs to it from then on and is closed with it; when this
   * rejects, the database is still the caller's.
   *
   * @throws {SyncError} `STORE_LOCKED` when somebody else has the database open, `CODEC_UNSUPPORTED` when
   * it was written with another codec, `ENTRY_UNREADABLE` when it is no database, `QUOTA_EXCEEDED`.
   */
  open(db: SqliteDatabase, options: SqliteStoreOptions): Promise<SqliteStore>;
} = {
  async open(db, { codec, now }) {
    claim(db);
    try {
      return await openStore(sqliteDriver(db), { codec, now });
    } catch (error) {
      release(db);
      throw error;
    }
  },
};
