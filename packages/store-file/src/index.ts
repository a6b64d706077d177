/** @packageDocumentation Reads and writes konserve's own folder format in Node. */
export type { Compression } from "./compression.ts";
export { FileStore } from "./file-store.ts";
export { FILE_STORE_DEFAULTS, type FileStoreOptions } from "./file-store-options.ts";
