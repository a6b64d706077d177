/** @packageDocumentation A store that keeps its entries in memory, and the driver that it is made of. */
export { memoryDriver } from "./memory-driver.ts";
export { MemoryMap } from "./memory-map.ts";
export { MemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
