/** How one store at a time has a database. */
import { SyncError } from "@datahike-sync/core";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { primaryCode, SQLITE_ERROR, toKnown } from "./sqlite-failure.ts";
import { inTransaction } from "./transaction.ts";

/**
 * Makes the table, and keeps everybody else out until it is released.
 *
 * @throws {SyncError} `STORE_LOCKED`, `ENTRY_UNREADABLE` for what is no database, `QUOTA_EXCEEDED`.
 */
export function claim(db: SqliteDatabase): void {
  // Before anything is read, so that WAL needs no shared memory.
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  try {
    // Another process meets the lock; another store on this very connection meets this table.
    db.exec("CREATE TEMP TABLE opener (nobody)");
  } catch (cause) {
    if (primaryCode(cause) !== SQLITE_ERROR) throw toKnown(cause);
    throw new SyncError("STORE_LOCKED", "the database belongs to another store", { cause });
  }
  try {
    // Without WAL a store in a browser's files would not survive a crash: SQLite's file system there never
    // says that a journal is to be rolled back.
    db.exec("PRAGMA journal_mode = WAL");
    // Every commit is synced, where NORMAL would sync a log only when it is written back.
    db.exec("PRAGMA synchronous = FULL");
    inTransaction(db, () => db.exec(TABLE));
  } catch (error) {
    db.exec("DROP TABLE temp.opener");
    throw toKnown(error);
  }
}

/** Lets the next one in. */
export function release(db: SqliteDatabase): void {
  // Some libraries keep the file open, and its locks, until nobody refers to their statements any more.
  db.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL");
  db.exec("DROP TABLE temp.opener; SELECT 1 FROM entries LIMIT 1");
}

const TABLE =
  "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID";
