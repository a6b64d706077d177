/** Takes back a database's last commit, and makes it again as the JVM did: while the folder is served. */
import { EdnMap, keyword } from "@datahike-sync/edn";
import { FileStore } from "@datahike-sync/store-file";
import { isDbRecord, parentsOf } from "@datahike-sync/walker-datahike";
import { storeCodec } from "../codecs.ts";

const DB = keyword("db");

/** Resolves to the head that the database had. What it reaches stays in the folder. */
export async function undoCommit(path: string): Promise<EdnMap> {
  await using store = await openFolder(path);
  const head = await store.get(DB);
  const [parent = null] = head instanceof EdnMap ? parentsOf(head) : [];
  const before = await store.get(parent);
  if (!isDbRecord(head) || !isDbRecord(before)) throw new TypeError("no commit before the last");
  await store.set(DB, before);
  return head;
}

/** Gives the database that head again. */
export async function redoCommit(path: string, head: EdnMap): Promise<void> {
  await using store = await openFolder(path);
  await store.set(DB, head);
}

function openFolder(path: string): Promise<FileStore> {
  return FileStore.open({ path, codec: storeCodec("fressian") });
}
