/** A store on a file, as the tests and the processes that they kill open it. */
import { join } from "node:path";
import { SqliteStore } from "@datahike-sync/app-store-sqlite";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { uuid } from "@datahike-sync/edn";
import { DatabaseSync } from "@photostructure/sqlite";

export const STORE_ID = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");

export async function openIn(folder: string, now?: () => number): Promise<SqliteStore> {
  const db = new DatabaseSync(join(folder, "store.db"));
  try {
    return await SqliteStore.open(db, { codec: msgpackCodec(), now });
  } catch (error) {
    db.close();
    throw error;
  }
}
