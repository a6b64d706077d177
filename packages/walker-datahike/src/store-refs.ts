/** Blobs that values name: found in the slices of the attributes whose type says so, nowhere else. */
import { type NodeSource, openIndex } from "@datahike-sync/btset";
import { type Edn, identity } from "@datahike-sync/edn";
import type { DbRecord, IndexEntry } from "./db-record.ts";
import type { Schemas } from "./schema.ts";

/** Keys by identity. */
export type KeyMap = ReadonlyMap<string, Edn>;

/**
 * The keys that values of `:db.type/store-ref` name in these indices of a record. Where no attribute
 * is of that type, nothing but the schema is read.
 *
 * @throws {SyncError} As reading the schema and an index.
 */
export async function storeRefs(
  source: NodeSource,
  record: DbRecord,
  schemas: Schemas,
  signal?: AbortSignal,
): Promise<KeyMap> {
  const keys = new Map<string, Edn>();
  for (const a of await schemas.storeRefAttributes(record, signal)) {
    for (const { handle, root, path } of record.indices.filter(isAevt)) {
      const aevt = openIndex(source, handle, { root, index: "aevt", path });
      for await (const datoms of aevt.chunks({ from: { a }, to: { a }, signal })) {
        for (const { v } of datoms) keys.set(identity(v), v);
      }
    }
  }
  return keys;
}

function isAevt({ index }: IndexEntry): boolean {
  return index === "aevt";
}
