/** A folder as the store that numbered commits are written to. */
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Uuid, uuid } from "@datahike-sync/edn";
import { FileStore } from "@datahike-sync/store-file";
import type { NumberedStore } from "@datahike-sync/testing/kill";

export const STORE_ID: Uuid = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");

export async function openNumbered(folder: string): Promise<NumberedStore> {
  const store = await FileStore.open({ path: `${folder}/store`, codec: fressianCodec() });
  return {
    // It has no feed, but standings, and the number of its last commit: they are looked at too.
    capabilities: { atomic: "commit", feed: true },
    get: (key) => store.get(key),
    keys: () => store.keys(),
    write: (operations, options) => store.write(operations, options as object),
    feed: () => store.feed(),
    standing: (id) => store.standing(id as Uuid),
    close: () => store.close(),
  };
}
