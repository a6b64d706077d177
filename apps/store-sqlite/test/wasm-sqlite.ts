/** SQLite compiled to WebAssembly, for Node and for browsers. */
import sqlite3Init, { type Sqlite3Static } from "@sqlite.org/sqlite-wasm";

/** Says nothing about the file systems that it cannot have here. */
export function loadSqlite(): Promise<Sqlite3Static> {
  Object.assign(globalThis, { sqlite3ApiConfig: { warn: () => undefined } });
  return sqlite3Init();
}
