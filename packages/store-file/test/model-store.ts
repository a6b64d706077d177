/** Stores on the file system of a test. */
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { FileStore, type FileStoreOptions } from "@datahike-sync/store-file";
import type { Disk } from "../src/disk.ts";

export class ModelStore extends FileStore {
  static on(disk: Disk, options: Partial<FileStoreOptions> = {}): Promise<FileStore> {
    return FileStore.openOn(disk, { path: "/store", codec: fressianCodec(), ...options });
  }
}
