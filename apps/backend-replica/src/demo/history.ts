/** A bundled database as it was some commits ago, with the heads that it had since. */
import type { Codec, Operation, ReadableStore, Store } from "@datahike-sync/core";
import { type EdnMap, equals, keyword } from "@datahike-sync/edn";
import { unpackStore } from "@datahike-sync/fixtures";
import { FileStore } from "@datahike-sync/store-file";
import { isDbRecord, parentsOf } from "@datahike-sync/walker-datahike";

/** Of a database that the JVM wrote. Whatever one of its heads reaches is in the store. */
export class History {
  readonly #store: Store;
  /** The oldest first. */
  readonly #heads: readonly EdnMap[];

  private constructor(store: Store, heads: readonly EdnMap[]) {
    this.#store = store;
    this.#heads = heads;
  }

  /** Goes on where the store is; one that is empty is filled, and begins with the oldest head. */
  static async open(store: Store, codec: Codec): Promise<History> {
    await using folder = await unpackStore("datahike-0.8/medium");
    await using source = await FileStore.open({ path: folder.path, codec, readOnly: true });
    const heads = await headsOf(source);
    const [oldest] = heads;
    if (oldest !== undefined && !(await store.has(HEAD))) await fill(store, source, oldest);
    return new History(store, heads);
  }

  /** Sets the head to the one that came next. Resolves to the number of that commit, if there is one. */
  async next(): Promise<number | undefined> {
    const now = (await this.#store.get(HEAD)) ?? null;
    const value = this.#heads[this.#heads.findIndex((head) => equals(head, now)) + 1];
    if (value === undefined) return undefined;
    return (await this.#store.set(HEAD, value)).cursor?.seq;
  }
}

const HEAD = keyword("db");

/** The one that it begins with, and those that come. */
const HEADS = 4;

/** The last heads, the oldest first. */
async function headsOf(source: ReadableStore): Promise<EdnMap[]> {
  const heads: EdnMap[] = [];
  let head = await source.get(HEAD);
  while (isDbRecord(head) && heads.length < HEADS) {
    heads.unshift(head);
    const [parent] = parentsOf(head);
    if (parent === undefined) break;
    head = await source.get(parent);
  }
  return heads;
}

async function fill(store: Store, source: ReadableStore, head: EdnMap): Promise<void> {
  const operations: Operation[] = [];
  for await (const { key } of source.keys()) {
    const entry = await source.get(key, { encoded: true });
    if (entry !== undefined && key !== HEAD) operations.push({ op: "set", ...entry });
  }
  await store.write([...operations, { op: "set", key: HEAD, value: head }]);
}
