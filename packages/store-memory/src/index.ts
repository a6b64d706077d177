/** @packageDocumentation A store that keeps its entries in memory. */
export { MemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
