/** Trees made by hand, and the model that says what they hold. */
import { Branch, Datom, type DatomOrder, Leaf, RootHandle } from "@datahike-sync/btset";
import { type Edn, EdnMap, keyword, randomUuid, Tagged, type Uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";

/** A map with keyword keys. */
export function mapOf(fields: Readonly<Record<string, Edn>>): EdnMap {
  return new EdnMap(Object.entries(fields).map(([name, value]) => [keyword(name), value]));
}

export function leaf(keys: readonly Edn[]): Leaf {
  return new Leaf(new Tagged("pss/leaf", [mapOf({ keys })]));
}

export function branch(
  level: number,
  keys: readonly Edn[],
  addresses: readonly Edn[],
  more: Readonly<Record<string, Edn>> = {},
): Branch {
  return new Branch(new Tagged("pss/branch", [mapOf({ level, keys, addresses, ...more })]));
}

export function handle(address: Edn, index = "eavt"): RootHandle {
  const meta = mapOf({ "index-type": keyword(index) });
  return new RootHandle(new Tagged("pss/set", [mapOf({ meta, address, count: -1 })]));
}

export interface BuiltTree {
  readonly store: MemoryStore;
  readonly root: Uuid;
  /** Addresses of leaves, in order. */
  readonly leaves: readonly Uuid[];
}

/** Stores sorted items as a tree with at most `width` of them in a node. */
export async function buildTree(items: readonly Datom[], width: number): Promise<BuiltTree> {
  const store = await MemoryStore.open();
  let nodes: { address: Uuid; last: Datom | undefined }[] = [];
  for (let start = 0; start === 0 || start < items.length; start += width) {
    const keys = items.slice(start, start + width);
    const address = randomUuid();
    await store.set(address, leaf(keys));
    nodes.push({ address, last: keys.at(-1) });
  }
  const leaves = nodes.map(({ address }) => address);
  for (let level = 1; nodes.length > 1; level++) {
    const parents: typeof nodes = [];
    for (let start = 0; start < nodes.length; start += width) {
      const children = nodes.slice(start, start + width);
      const address = randomUuid();
      const keys = children.map(({ last }) => last ?? null);
      await store.set(
        address,
        branch(
          level,
          keys,
          children.map((child) => child.address),
        ),
      );
      parents.push({ address, last: children.at(-1)?.last });
    }
    nodes = parents;
  }
  return { store, root: nodes[0]?.address ?? randomUuid(), leaves };
}

/** In order and each once. */
export function sorted(datoms: readonly Datom[], order: DatomOrder): Datom[] {
  const all = datoms.toSorted(order);
  return all.filter((datom, i) => i === 0 || order(all[i - 1] as Datom, datom) !== 0);
}

export function datom(e: number, a: string, v: Edn, tx = 536870913, added = true): Datom {
  return new Datom(e, keyword(a), v, tx, added);
}

export async function collect(datoms: AsyncIterable<Datom>): Promise<Datom[]> {
  const all: Datom[] = [];
  for await (const one of datoms) all.push(one);
  return all;
}

/** As text, to be compared: quicker than comparing values, and shows what differs. */
export function rows(datoms: readonly Datom[]): string[] {
  return datoms.map(({ identity }) => identity);
}
