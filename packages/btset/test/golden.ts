/** The bundled stores in memory, and what the JVM says is in them. */

import { Datom, fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Codec, encoded, type Operation } from "@datahike-sync/core";
import { type Edn, EdnMap, keyword, readAll } from "@datahike-sync/edn";
import { readFixtureText, readStoreFiles, type StoreName } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";

export const codec: Codec = fressianCodec({ handlers: fressianHandlers() });

/** Where konserve's metadata begins in a file. */
const HEADER = 20;

export async function goldenStore(name: StoreName, using: Codec = codec): Promise<MemoryStore> {
  const operations: Operation[] = [];
  for (const { bytes } of await readStoreFiles(name)) {
    const metaEnd = HEADER + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
    const meta = fields(codec.decode(bytes.slice(HEADER, metaEnd)));
    operations.push({
      op: "set",
      key: field(meta, "key"),
      value: encoded(using, bytes.slice(metaEnd)),
      immutable: meta.get(keyword("immutable?")) === true,
    });
  }
  const store = await MemoryStore.open({ codec: using });
  await store.write(operations);
  return store;
}

/** The datoms of a fixture, in the order of the file. */
export async function goldenDatoms(name: StoreName, file: string): Promise<Datom[]> {
  const text = await readFixtureText(`stores/${name}/${file}.edn`);
  return readAll(text, { tags: DATOM_TAG }) as unknown as Datom[];
}

const DATOM_TAG = {
  "datahike/Datom": ([items]: readonly Edn[]): Edn => {
    const [e, a, v, tx, added] = items as [number, Datom["a"], Edn, number, boolean];
    return new Datom(e, a, v, tx, added);
  },
};

export function fields(value: Edn | undefined): EdnMap {
  if (!(value instanceof EdnMap)) throw new TypeError("no map");
  return value;
}

export function field(map: EdnMap, name: string): Edn {
  const value = map.get(keyword(name));
  if (value === undefined) throw new TypeError(`no :${name}`);
  return value;
}
