/** A transaction: all of it or nothing. */
import type { SqliteDatabase } from "./sqlite-database.ts";

/** Runs a job that waits for nothing. What it throws is thrown again, and nothing is written. */
export function inTransaction(db: SqliteDatabase, job: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    job();
    db.exec("COMMIT");
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

function rollBack(db: SqliteDatabase): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // On a full disk SQLite has rolled back by itself, and then there is nothing to roll back.
  }
}
