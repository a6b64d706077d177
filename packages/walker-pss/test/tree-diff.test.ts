import { NodePath } from "@datahike-sync/btset";
import { type Edn, identity, randomUuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import { diffTrees, type Tree } from "@datahike-sync/walker-pss";
import { expect, test } from "vitest";
import { branch, Forest, leaf, type ModelNode, reach, treeOf } from "./forest.ts";

const byNumber = (a: Edn, b: Edn): number => Number(a) - Number(b);

test("any two sets of versions differ as what they reach does", async () => {
  for (let number = 0; number < cases(3000); number++) {
    const random = new Random(number);
    const store = await MemoryStore.open();
    const forest = new Forest(store, random, 2 + random.below(4), random.below(4) === 0);
    const items = Array.from({ length: random.below(50) }, () => random.below(200));
    const versions = [await forest.plant([...new Set(items)].sort((a, b) => a - b))];
    for (let count = random.below(6); count > 0; count--) {
      versions.push(await forest.change(random.pick(versions), 1 + random.below(3)));
    }
    const order = random.below(3) === 0 ? undefined : byNumber;
    const pick = () => Array.from({ length: random.below(4) }, () => random.pick(versions));
    const [from, to] = [pick(), pick()];
    const trees = ({ length, ...models }: ModelNode[]): Tree[] =>
      Array.from({ length }, (_, i) => treeOf(models[i] as ModelNode, order));
    const difference = await diffTrees(store, trees(from), trees(to), { removed: true });
    const [before, after] = [union(from), union(to)];
    const label = `seed ${seed}, case ${number}`;
    expect(difference.added.map(identity).sort(), label).toEqual(without(after, before));
    expect(difference.removed.map(identity).sort(), label).toEqual(without(before, after));
    expect(misplacedParents(difference.added, to), label).toEqual([]);
    expect(misplacedParents(difference.removed.toReversed(), from), label).toEqual([]);
  }
});

function union(models: readonly ModelNode[]): Set<string> {
  const keys = new Set<string>();
  for (const model of models) reach(model, keys);
  return keys;
}

function without(these: ReadonlySet<string>, those: ReadonlySet<string>): string[] {
  return [...these].filter((key) => !those.has(key)).sort();
}

/** Nodes that come before one of their children. */
function misplacedParents(keys: readonly Edn[], models: readonly ModelNode[]): Edn[] {
  const misplaced: Edn[] = [];
  const places = new Map(keys.map((key, place) => [identity(key), place]));
  const open = [...models];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const place = places.get(identity(node.address)) ?? Number.POSITIVE_INFINITY;
    for (const child of node.children) {
      const at = places.get(identity(child.address));
      if (at !== undefined && at > place) misplaced.push(node.address);
      open.push(child);
    }
  }
  return misplaced;
}

test("two versions that differ by one item are told apart by few reads", async () => {
  const store = await MemoryStore.open();
  const forest = new Forest(store, new Random(0), 8, false);
  const before = await forest.plant(Array.from({ length: 2000 }, (_, i) => i * 2));
  const after = await forest.change(before, 1);
  const other = await forest.change(before, 1);
  const reads = await readsOf(store, [before], [after]);
  expect(reads).toBeLessThanOrEqual(2 * (after.level + 1));
  // With another branch that stands still: its way to each node that is new is read as well.
  const branched = await readsOf(store, [before, other], [after, other]);
  expect(branched).toBeLessThanOrEqual(6 * (after.level + 1));
});

async function readsOf(
  store: MemoryStore,
  from: readonly ModelNode[],
  to: readonly ModelNode[],
): Promise<number> {
  let reads = 0;
  const source = {
    get: (key: Edn) => {
      reads++;
      return store.get(key);
    },
    getMany: (keys: readonly Edn[]) => {
      reads += keys.length;
      return store.getMany(keys);
    },
    has: (key: Edn) => store.has(key),
  };
  const trees = (models: readonly ModelNode[]) => models.map((model) => treeOf(model, byNumber));
  await diffTrees(source, trees(from), trees(to), { removed: true });
  return reads;
}

test("a node that is missing is reported with its side", async () => {
  const store = await MemoryStore.open();
  const forest = new Forest(store, new Random(0), 4, false);
  const before = await forest.plant(Array.from({ length: 100 }, (_, i) => i));
  const after = await forest.change(before, 3);
  await store.write([{ op: "delete", key: before.address }]);
  const [old, now] = [treeOf(before, byNumber), treeOf(after, byNumber)];
  await expect(diffTrees(store, [old], [now])).rejects.toMatchObject({
    code: "NODE_MISSING",
    details: { path: [":root", before.address.toString()], side: "from" },
  });
  await expect(diffTrees(store, [now], [old])).rejects.toMatchObject({
    code: "NODE_MISSING",
    details: { side: "to" },
  });
});

test("a leaf that is added and missing is reported, one that both sides have is not", async () => {
  const store = await MemoryStore.open();
  const [top, other, kept, lost] = [randomUuid(), randomUuid(), randomUuid(), randomUuid()];
  await store.set(top, branch(1, [1], [kept]));
  await store.set(other, branch(1, [1, 2], [kept, lost]));
  const [from, to] = [top, other].map((address): Tree => ({ path: new NodePath(address) }));
  await expect(diffTrees(store, [from as Tree], [to as Tree])).rejects.toMatchObject({
    code: "NODE_MISSING",
    details: { path: [other.toString(), lost.toString()], side: "to" },
  });
  await store.set(lost, leaf([2]));
  expect(await diffTrees(store, [from as Tree], [to as Tree])).toEqual({
    added: [lost, other],
    removed: [],
  });
});

test("changes held back may move the place of a node, not its being reached", async () => {
  const store = await MemoryStore.open();
  const [shared, x, y, r, other] = Array.from({ length: 5 }, randomUuid) as [
    Edn,
    Edn,
    Edn,
    Edn,
    Edn,
  ];
  const [before, after, second] = [randomUuid(), randomUuid(), randomUuid()];
  const more = { "diff-buf-size": 8 };
  await store.set(shared, branch(1, [10], [x], more));
  await store.set(r, branch(1, [100], [y], more));
  await store.set(other, branch(1, [101], [y], more));
  await store.set(before, branch(2, [10, 100], [shared, r], more));
  await store.set(after, branch(2, [10, 101], [shared, other], more));
  // Here 50 is still to be written into the leaf that ends with 10 as the other trees see it.
  await store.set(second, branch(1, [50], [x], more));
  for (const leaves of [x, y]) await store.set(leaves, leaf([]));
  const [from, ...to] = [before, after, second].map(
    (address): Tree => ({ path: new NodePath(address), order: byNumber }),
  );
  const { added } = await diffTrees(store, [from as Tree], to);
  expect(added).toEqual([second, other, after]);
});

test("a root that its pointer holds itself is descended and not named", async () => {
  const store = await MemoryStore.open();
  const [address, a, b] = [randomUuid(), randomUuid(), randomUuid()];
  await store.write([a, b].map((key, i) => ({ op: "set", key, value: leaf([i]) })));
  const tree = (root: Edn): Tree => ({ path: new NodePath(address), root });
  const [from, to] = [tree(branch(1, [0], [a])), tree(branch(1, [0, 1], [a, b]))];
  expect(await diffTrees(store, [from], [to], { removed: true })).toEqual({
    added: [b],
    removed: [],
  });
  expect(await diffTrees(store, [tree(leaf([]))], [from], { removed: true })).toEqual({
    added: [a],
    removed: [],
  });
});

test("a node that is above itself ends in an error", async () => {
  const store = await MemoryStore.open();
  const [top, child] = [randomUuid(), randomUuid()];
  await store.set(top, branch(2, [1], [child]));
  for (const below of [child, top]) {
    await store.set(child, branch(1, [1], [below]));
    await expect(diffTrees(store, [], [{ path: new NodePath(top) }])).rejects.toMatchObject({
      code: "CODEC_INVALID",
    });
  }
});

test("an aborted comparison rejects with the reason", async () => {
  const store = await MemoryStore.open();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const tree: Tree = { path: new NodePath(randomUuid()) };
  await expect(diffTrees(store, [], [tree], { signal })).rejects.toBe(reason);
});
