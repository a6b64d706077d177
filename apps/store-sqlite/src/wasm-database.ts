/** The database of `@sqlite.org/sqlite-wasm`, which runs in browsers, with the methods of the others. */
import type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite-database.ts";

/** An `oo1.DB`, such as `new sqlite3.oo1.DB()`. */
export interface WasmDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): WasmStatement;
  close(): void;
}

export interface WasmStatement {
  bind(values: readonly SqliteValue[]): unknown;
  /** Whether there is a row. */
  step(): boolean;
  get(into: Record<string, unknown>): unknown;
  reset(clearsBindings: boolean): unknown;
}

export function wasmDatabase(db: WasmDatabase): SqliteDatabase {
  return {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => wasmStatement(db.prepare(sql)),
    close: () => db.close(),
  };
}

function wasmStatement(statement: WasmStatement): SqliteStatement {
  const all = (...values: SqliteValue[]): unknown[] => {
    const rows: unknown[] = [];
    try {
      if (values.length > 0) statement.bind(values);
      while (statement.step()) rows.push(statement.get({}));
    } finally {
      // Else it would hold its transaction open, and the values that it was given.
      statement.reset(true);
    }
    return rows;
  };
  return { all, run: all };
}
