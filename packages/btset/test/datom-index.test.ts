import {
  Datom,
  type DatomIndex,
  type DatomPrefix,
  datomOrder,
  NodeCache,
  openIndex,
} from "@datahike-sync/btset";
import { type EdnSet, keyword, randomUuid } from "@datahike-sync/edn";
import { STORES, type StoreName } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { field, fields, goldenDatoms, goldenStore } from "./golden.ts";
import { branch, buildTree, collect, datom, handle, leaf, rows, sorted } from "./tree.ts";

const INDICES = ["eavt", "aevt", "avet"] as const;

async function goldenIndex(name: StoreName, index: string, branch = "db"): Promise<DatomIndex> {
  const store = await goldenStore(name);
  const record = fields(await store.get(keyword(branch)));
  const root = record.get(keyword(`${index}-root`));
  return openIndex(store, field(record, `${index}-key`), { root });
}

describe.each(STORES)("the indices of %s", (name) => {
  test.each(INDICES)("%s has the rows of the JVM, both ways", async (index) => {
    const expected = rows(await goldenDatoms(name, `datoms-${index}`));
    const opened = await goldenIndex(name, index);
    expect(rows(await collect(opened.datoms()))).toEqual(expected);
    expect(opened.count).toBe(expected.length);
    const backwards = await collect(opened.datoms({ reverse: true }));
    expect(rows(backwards.reverse())).toEqual(expected);
  });
});

test.each(["datahike-0.6/branch", "datahike-0.8/branch"] as const)(
  "the branch :feature of %s has the rows of the JVM",
  async (name) => {
    const expected = rows(await goldenDatoms(name, "datoms-feature-eavt"));
    const opened = await goldenIndex(name, "eavt", "feature");
    expect(rows(await collect(opened.datoms()))).toEqual(expected);
  },
);

test.each([
  "datahike-0.6/medium",
  "datahike-0.6/branch",
  "datahike-0.8/medium",
  "datahike-0.8/branch",
  "datahike-0.8/crypto-hash",
  "datahike-0.8/fused",
  "datahike-0.8/small-bf",
] as const)(
  "the history of %s is what its temporal index and parts of the current one hold",
  async (name) => {
    const expected = await goldenDatoms(name, "history-eavt");
    const store = await goldenStore(name);
    const record = fields(await store.get(keyword("db")));
    const read = (index: string) => {
      const root = record.get(keyword(`${index}-root`));
      return collect(openIndex(store, field(record, `${index}-key`), { root }).datoms());
    };
    // An attribute with one value and a history has its present value in the temporal index too, by
    // the transaction that first said it; in the current one it may be by a later one.
    const schema = fields(await store.get(field(record, "schema-meta-key")));
    const properties = fields(field(schema, "rschema"));
    const [plain, many] = ["db/noHistory", "db.cardinality/many"].map(
      (name) => properties.get(keyword(name)) as EdnSet,
    );
    const current = (await read("eavt")).filter(({ a }) => plain?.has(a) || many?.has(a));
    const union = sorted([...current, ...(await read("temporal-eavt"))], datomOrder("eavt"));
    expect(rows(union)).toEqual(rows(expected));
  },
);

test.each(INDICES)("slices of %s in a real store are those of a filter", async (index) => {
  const opened = await goldenIndex("datahike-0.8/medium", index);
  const all = await collect(opened.datoms());
  for (let number = 0; number < cases(50); number++) {
    const random = new Random(number);
    const { slice, reversed, inside } = await randomSlice(opened, all, random);
    expect(slice, `seed ${seed}, case ${number}`).toEqual(inside);
    expect(reversed, `seed ${seed}, case ${number}`).toEqual(inside);
  }
});

test("slices of random trees are those of a filter", async () => {
  for (let number = 0; number < cases(2000); number++) {
    const random = new Random(number);
    const index = random.pick(INDICES);
    const datoms = Array.from({ length: random.below(60) }, () => randomDatom(random));
    const all = sorted(datoms, datomOrder(index));
    const { store, root } = await buildTree(all, 2 + random.below(4));
    const opened = openIndex(store, handle(root, index));
    for (let count = 0; count < 5; count++) {
      const { slice, reversed, inside } = await randomSlice(opened, all, random);
      expect(slice, `seed ${seed}, case ${number}`).toEqual(inside);
      expect(reversed, `seed ${seed}, case ${number}`).toEqual(inside);
    }
  }
});

/** The rows between two random prefixes, read both ways, and those that a filter takes. */
async function randomSlice(
  opened: DatomIndex,
  all: readonly Datom[],
  random: Random,
): Promise<Record<"slice" | "reversed" | "inside", string[]>> {
  const [from, to] = [randomPrefix(opened, all, random), randomPrefix(opened, all, random)];
  const inside = all.filter(
    (one) =>
      (from === undefined || comparePrefix(opened, one, from) >= 0) &&
      (to === undefined || comparePrefix(opened, one, to) <= 0),
  );
  const prefetch = 1 + random.below(4);
  const slice = await collect(opened.datoms({ from, to, prefetch }));
  const reversed = await collect(opened.datoms({ from, to, prefetch, reverse: true }));
  return { slice: rows(slice), reversed: rows(reversed.reverse()), inside: rows(inside) };
}

const COMPONENTS: Record<DatomIndex["index"], readonly (keyof DatomPrefix)[]> = {
  eavt: ["e", "a", "v", "tx", "added"],
  aevt: ["a", "e", "v", "tx", "added"],
  avet: ["a", "v", "e", "tx", "added"],
};

function randomPrefix(
  { index }: DatomIndex,
  all: readonly Datom[],
  random: Random,
): DatomPrefix | undefined {
  if (all.length === 0 || random.below(8) === 0) return undefined;
  const length = random.below(6);
  const prefix: Partial<Record<keyof DatomPrefix, unknown>> = {};
  const model = random.pick(all);
  for (const component of COMPONENTS[index].slice(0, length)) prefix[component] = model[component];
  // What stands after a missing component does not count.
  if (length === 1 && index !== "eavt") prefix.tx = model.tx;
  return prefix as DatomPrefix;
}

/** Says it in another way than the package does: fills a prefix up with the datom's own components. */
function comparePrefix({ index }: DatomIndex, one: Datom, prefix: DatomPrefix): number {
  const { e: e0, a: a0, v: v0, tx: tx0, added: added0 } = one;
  const filled: Record<keyof DatomPrefix, unknown> = {
    e: e0,
    a: a0,
    v: v0,
    tx: tx0,
    added: added0,
  };
  for (const component of COMPONENTS[index]) {
    if (prefix[component] === undefined) break;
    filled[component] = prefix[component];
  }
  const { e, a, v, tx, added } = filled as unknown as Datom;
  return datomOrder(index)(one, new Datom(e, a, v, tx, added));
}

function randomDatom(random: Random): Datom {
  const value = random.pick([1, 2, "x", "y", keyword("k")]);
  const tx = 536870913 + random.below(3);
  return datom(random.below(9), random.pick(["a", "b", "n/a"]), value, tx, random.below(2) === 0);
}

test("attributes that are numbers, as under attribute references, go by value", async () => {
  const all = [2, 9, 10].map((a) => new Datom(1, a, "v", 536870913));
  const { store, root } = await buildTree(all, 2);
  const index = openIndex(store, handle(root, "aevt"));
  expect(await collect(index.datoms({ from: { a: 9 }, to: { a: 10 } }))).toEqual(all.slice(1));
});

test("an empty index has no datoms", async () => {
  const { store, root } = await buildTree([], 4);
  const index = openIndex(store, handle(root));
  expect(await collect(index.datoms())).toEqual([]);
  expect(await collect(index.datoms({ from: { e: 1 }, reverse: true }))).toEqual([]);
});

describe("reading", () => {
  const all = Array.from({ length: 200 }, (_, e) => datom(e, "a", e));

  test("a reader who stops early has read few leaves", async () => {
    const { store, root } = await buildTree(all, 4);
    const counted = countReads(store);
    for await (const first of openIndex(counted.store, handle(root)).datoms()) {
      expect(first).toEqual(all[0]);
      break;
    }
    // Three branches, the first leaf, and two leaves ahead.
    expect(counted.keys()).toBeLessThanOrEqual(6);
  });

  test("a slice within one leaf reads the way to it, and nothing the second time", async () => {
    const { store, root } = await buildTree(all, 4);
    const counted = countReads(store);
    const index = openIndex(counted.store, handle(root));
    const slice = { from: { e: 101 }, to: { e: 102 } };
    expect(await collect(index.datoms(slice))).toEqual([all[101], all[102]]);
    expect(counted.keys()).toBe(4);
    expect(await collect(index.datoms(slice))).toEqual([all[101], all[102]]);
    expect(counted.keys()).toBe(4);
  });

  test("no more leaves are asked for at a time than prefetch says", async () => {
    const { store, root } = await buildTree(all, 16);
    const counted = countReads(store);
    await collect(openIndex(counted.store, handle(root)).datoms({ prefetch: 1 }));
    expect(counted.largest()).toBe(1);
    await collect(openIndex(counted.store, handle(root)).datoms({ prefetch: 3 }));
    expect(counted.largest()).toBe(3);
    await expect(openIndex(store, handle(root)).chunks({ prefetch: 0 }).next()).rejects.toThrow(
      RangeError,
    );
  });

  test("indices that share a cache share its nodes", async () => {
    const { store, root } = await buildTree(all, 16);
    const counted = countReads(store);
    const cache = new NodeCache();
    await collect(openIndex(counted.store, handle(root), { cache }).datoms());
    const before = counted.keys();
    await collect(openIndex(counted.store, handle(root), { cache }).datoms());
    expect(counted.keys()).toBe(before);
  });

  test("an aborted reader rejects with the reason", async () => {
    const { store, root } = await buildTree(all, 4);
    const abort = new AbortController();
    const chunks = openIndex(store, handle(root)).chunks({ signal: abort.signal });
    await chunks.next();
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(chunks.next()).rejects.toBe(reason);
    await expect(openIndex(store, handle(root)).chunks({ signal: abort.signal }).next())
      .rejects //
      .toBe(reason);
  });
});

describe("a damaged tree", () => {
  const all = Array.from({ length: 40 }, (_, e) => datom(e, "a", e));

  test("names the path to a node that is missing", async () => {
    const { store, root, leaves } = await buildTree(all, 4);
    const lost = leaves[6] ?? root;
    await store.write([{ op: "delete", key: lost }]);
    const index = openIndex(store, handle(root));
    const error = await collect(index.datoms()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "NODE_MISSING" });
    const { path } = (error as { details: { path: string[] } }).details;
    expect(path[0]).toBe(root.toString());
    expect(path.at(-1)).toBe(lost.toString());
    expect(path.length).toBe(3);
    // What does not need the node is read as before.
    expect(await collect(index.datoms({ to: { e: 20 } }))).toEqual(all.slice(0, 21));
  });

  test("ends in an error where a node names itself or one above it", async () => {
    const store = await MemoryStore.open();
    const [top, child] = [randomUuid(), randomUuid()];
    const last = datom(9, "a", 1);
    await store.set(top, branch(2, [last], [child]));
    for (const address of [child, top]) {
      await store.set(child, branch(1, [last], [address]));
      await expect(collect(openIndex(store, handle(top)).datoms())).rejects.toMatchObject({
        code: "CODEC_INVALID",
      });
    }
  });

  test.each([
    ["a branch among leaves", branch(1, [datom(1, "a", 1)], [randomUuid()])],
    ["a root handle", handle(randomUuid())],
    ["something else", "text"],
    ["a leaf of no datoms", leaf([1, 2])],
  ])("with %s ends in an error", async (_, value) => {
    const store = await MemoryStore.open();
    const [top, child] = [randomUuid(), randomUuid()];
    await store.set(child, value);
    await store.set(top, branch(1, [datom(9, "a", 1)], [child]));
    await expect(collect(openIndex(store, handle(top)).datoms())).rejects.toMatchObject({
      code: "CODEC_INVALID",
    });
  });

  test("whose keys are out of order still ends", async () => {
    const store = await MemoryStore.open();
    const [top, child] = [randomUuid(), randomUuid()];
    const keys = [datom(9, "a", 1), datom(1, "a", 1), datom(5, "a", 1)];
    await store.set(child, leaf(keys));
    await store.set(top, branch(1, keys, [child, child, child]));
    const slice = { from: { e: 4 }, to: { e: 2 } };
    expect((await collect(openIndex(store, handle(top)).datoms(slice))).length).toBeLessThan(9);
  });
});

test("a handle that is none, or of no order, is refused", async () => {
  const store = await MemoryStore.open();
  expect(() => openIndex(store, "text")).toThrow("instead of a root handle");
  expect(() => openIndex(store, handle(randomUuid(), "other"))).toThrow("without an order");
  expect(openIndex(store, handle(randomUuid(), "other"), { index: "avet" }).index).toBe("avet");
});

/** A store that counts the keys that are asked for. */
function countReads(store: MemoryStore) {
  const sizes: number[] = [];
  return {
    store: {
      get: (key: Parameters<MemoryStore["get"]>[0]) => {
        sizes.push(1);
        return store.get(key);
      },
      getMany: (keys: Parameters<MemoryStore["getMany"]>[0]) => {
        sizes.push(keys.length);
        return store.getMany(keys);
      },
      has: (key: Parameters<MemoryStore["has"]>[0]) => store.has(key),
    },
    keys: () => sizes.reduce((sum, size) => sum + size, 0),
    largest: () => Math.max(...sizes),
  };
}
