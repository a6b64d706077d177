/** The folder that is served. */
import { isSyncError, type ReadableStore, type Walker } from "@datahike-sync/core";
import { EdnMap, isKind, keyword, type Uuid } from "@datahike-sync/edn";
import { FileStore } from "@datahike-sync/store-file";
import { storeCodec } from "../codecs.ts";
import { Complaint, wordsOf } from "../complaint.ts";

/**
 * Opens it without ever writing: a JVM may, meanwhile.
 *
 * @throws {Complaint} when it is not there, or holds no whole Datahike database.
 */
export async function openDatabase(path: string, walker: Walker): Promise<FileStore> {
  try {
    const codec = [storeCodec("fressian"), storeCodec("cbor")];
    const store = await FileStore.open({ path, codec, readOnly: true });
    await lookThrough(store, walker);
    return store;
  } catch (cause) {
    if (isSyncError(cause, "STORE_NOT_FOUND")) {
      throw new Complaint("failed", `there is no folder ${path}: give --path another`, cause);
    }
    const words = `${path} holds no Datahike database that can be read: give --path another`;
    throw new Complaint("failed", `${words} (${wordsOf(cause)})`, cause);
  }
}

/**
 * What the database calls its store.
 *
 * @throws {Complaint} when it has no name for it.
 */
export async function storeIdOf(store: ReadableStore): Promise<Uuid> {
  let at = await store.get(keyword("db"));
  for (const name of ["config", "store", "id"]) {
    at = at instanceof EdnMap ? at.get(keyword(name)) : undefined;
  }
  if (at !== undefined && isKind(at, "uuid")) return at;
  throw new Complaint(
    "misused",
    "this database does not say what its store is called: give --store",
  );
}

/** What no client could be sent is better told before there are any. */
async function lookThrough(store: ReadableStore, walker: Walker): Promise<void> {
  let keys = 0;
  for await (const _ of walker.walk(store)) keys++;
  if (keys === 0) throw new TypeError("nothing is reached by its branches");
}
