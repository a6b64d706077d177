/** @packageDocumentation A store on SQLite: the worked example of docs/write-a-store.md. */
export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite-database.ts";
export { sqliteDriver } from "./sqlite-driver.ts";
export { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
export { type WasmDatabase, type WasmStatement, wasmDatabase } from "./wasm-database.ts";
