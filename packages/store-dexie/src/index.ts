/** @packageDocumentation A store in IndexedDB, and the driver that it is made of. */
export { dexieDriver } from "./dexie-driver.ts";
export { DexieStore, type DexieStoreOptions } from "./dexie-store.ts";
export { persist } from "./persist.ts";
