/** @packageDocumentation Reads konserve's own folder format in Node. */
export { FILE_STORE_DEFAULTS, FileStore, type FileStoreOptions } from "./file-store.ts";
