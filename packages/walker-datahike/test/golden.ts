/** The bundled stores in memory, and what the reference walker found in them. */
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Codec, encoded, type Operation } from "@datahike-sync/core";
import { type Edn, EdnMap, keyword, read, readAll } from "@datahike-sync/edn";
import { readFixtureText, readStoreFiles, type StoreName } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";

export const codec: Codec = fressianCodec({ handlers: fressianHandlers() });

/** Where konserve's metadata begins in a file. */
const HEADER = 20;

/** A bundled store's entries, encoded as they are on disk. */
export async function goldenEntries(name: StoreName, using: Codec = codec): Promise<Operation[]> {
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
  return operations;
}

export async function goldenStore(name: StoreName, using: Codec = codec): Promise<MemoryStore> {
  const store = await MemoryStore.open({ codec: using });
  await store.write(await goldenEntries(name, using));
  return store;
}

/** The keys that the reference walker found; its walks of chosen branches, one after the other. */
export async function referenceKeys(name: StoreName): Promise<readonly Edn[]> {
  const text = await readFixtureText(`stores/${name}/walker.edn`);
  return field(fields(read(text)), "keys") as readonly Edn[];
}

export async function referenceBranches(
  name: StoreName,
): Promise<{ readonly branches: Edn; readonly keys: readonly Edn[] }[]> {
  const walks = readAll(await readFixtureText(`stores/${name}/walker-branches.edn`));
  return walks.map((walk) => ({
    branches: field(fields(walk), "branches"),
    keys: field(fields(walk), "keys") as readonly Edn[],
  }));
}

export function fields(value: Edn | undefined): EdnMap {
  if (!(value instanceof EdnMap)) throw new TypeError("no map");
  return value;
}

function field(map: EdnMap, name: string): Edn {
  const value = map.get(keyword(name));
  if (value === undefined) throw new TypeError(`no :${name}`);
  return value;
}
