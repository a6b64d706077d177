/** @packageDocumentation A store on LevelDB, or on any other abstract-level database. */
export type {
  LevelDatabase,
  LevelOperation,
  LevelReadOptions,
  LevelScanOptions,
  LevelSnapshot,
  LevelWriteOptions,
} from "./level-database.ts";
export { levelDriver } from "./level-driver.ts";
export { LevelStore, type LevelStoreOptions } from "./level-store.ts";
