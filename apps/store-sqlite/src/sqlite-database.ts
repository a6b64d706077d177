/** What is called of a SQLite library. */

export type SqliteValue = string | number | Uint8Array;

/** An open database: `DatabaseSync` of `node:sqlite`, `Database` of `better-sqlite3`, or what has their methods. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export interface SqliteStatement {
  run(...values: SqliteValue[]): unknown;
  /** The rows, as objects by column. */
  all(...values: SqliteValue[]): unknown[];
}
