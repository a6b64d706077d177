/** A driver in IndexedDB: any number of them, in any number of tabs, on one database. */
import type { StoreDriver } from "@datahike-sync/core";
import { Connection } from "./connection.ts";
import { commitRows } from "./row-commit.ts";
import { RowReader } from "./row-reader.ts";

/**
 * A driver on the database of this name, which is made where there is none. One object store holds all
 * rows, under their keys as they are.
 *
 * @throws {SyncError} `STORE_UNAVAILABLE`; `STORE_LOCKED` where somebody keeps a connection that has to be
 * closed first; `QUOTA_EXCEEDED`; `CODEC_UNSUPPORTED` for a database of a later version. All but the last
 * also when it is used, and then `STORE_NOT_FOUND` when the database was erased.
 */
export async function dexieDriver(name: string): Promise<StoreDriver> {
  const connection = await Connection.open(name);
  const read = <T>(job: (reader: RowReader) => Promise<T>): Promise<T> =>
    connection.run((database) => job(new RowReader(database)));
  return {
    exclusive: false,
    durability: "commit",
    get: (key) => read((reader) => reader.get(key)),
    getMany: (keys) => read((reader) => reader.getMany(keys)),
    scan: (range, options) => read((reader) => reader.scan(range, options)),
    read,
    commit: (operations, options) =>
      connection.run((database, isRetry) => commitRows(database, operations, options, isRetry)),
    close: () => connection.close(),
    destroy: () => connection.destroy(),
  };
}
