/** The bundled Datahike stores in memory. */
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Codec, encoded, type Operation, type Store } from "@datahike-sync/core";
import { type Edn, EdnMap, identity, keyword } from "@datahike-sync/edn";
import { readStoreFiles, type StoreName } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";
import { datahikeWalker } from "@datahike-sync/walker-datahike";

export const FRESSIAN: Codec = fressianCodec({ handlers: fressianHandlers() });

/** Where konserve's metadata begins in a file. */
const HEADER = 20;

export async function goldenStore(name: StoreName): Promise<Store> {
  const operations: Operation[] = [];
  for (const { bytes } of await readStoreFiles(name)) {
    const metaEnd = HEADER + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
    const meta = FRESSIAN.decode(bytes.slice(HEADER, metaEnd));
    if (!(meta instanceof EdnMap)) throw new TypeError("no metadata");
    operations.push({
      op: "set",
      key: meta.get(keyword("key")) ?? null,
      value: encoded(FRESSIAN, bytes.slice(metaEnd)),
      immutable: meta.get(keyword("immutable?")) === true,
    });
  }
  const store = await MemoryStore.open({ codec: FRESSIAN });
  await store.write(operations);
  return store;
}

/** What the pointers of a store reach, by identity: nodes first, pointers last. */
export async function reachable(store: Store): Promise<Map<string, Edn>> {
  const found = new Map<string, Edn>();
  for await (const { key } of datahikeWalker().walk(store)) found.set(identity(key), key);
  return found;
}

/** A store of these entries, which fails to be walked where a node is missing. */
export async function storeOf(
  entries: Iterable<{ readonly key: Edn; readonly value: Edn }>,
): Promise<Store> {
  const store = await MemoryStore.open({ codec: FRESSIAN });
  const operations = Array.from(entries, ({ key, value }) => ({ op: "set", key, value }) as const);
  await store.write(operations);
  return store;
}
