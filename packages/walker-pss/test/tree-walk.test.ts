import { MAX_LEVEL, NodePath } from "@datahike-sync/btset";
import { type Edn, identity, keyword, randomUuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import { type Tree, TreeWalk } from "@datahike-sync/walker-pss";
import { expect, test } from "vitest";
import { branch, Forest, handle, leaf, type ModelNode, reach, treeOf } from "./forest.ts";

async function walk(trees: TreeWalk, tree: Tree): Promise<string[]> {
  const keys: Edn[] = [];
  for await (const some of trees.walk(tree)) keys.push(...some);
  return keys.map(identity);
}

test("trees that share nodes are walked as one, children before parents", async () => {
  for (let number = 0; number < cases(1000); number++) {
    const random = new Random(number);
    const forest = new Forest(await MemoryStore.open(), random, 2 + random.below(5), false);
    const versions = [await forest.plant(Array.from({ length: random.below(80) }, (_, i) => i))];
    for (let count = random.below(4); count > 0; count--) {
      versions.push(await forest.change(random.pick(versions), 1 + random.below(3)));
    }
    const trees = new TreeWalk(forest.store);
    const found: string[] = [];
    const label = `seed ${seed}, case ${number}`;
    for (const version of versions) {
      found.push(...(await walk(trees, treeOf(version))));
      const expected = new Set(versions.slice(0, versions.indexOf(version) + 1).flatMap(reachAll));
      expect(new Set(found), label).toEqual(expected);
    }
    expect(new Set(found).size, label).toBe(found.length);
    for (const version of versions) expectChildrenFirst(version, found, label);
  }
});

function reachAll(model: ModelNode): string[] {
  return [...reach(model)];
}

function expectChildrenFirst(node: ModelNode, found: readonly string[], label: string): void {
  for (const child of node.children) {
    const [at, parentAt] = [identity(child.address), identity(node.address)];
    expect(found.indexOf(at), label).toBeLessThan(found.indexOf(parentAt));
    expectChildrenFirst(child, found, label);
  }
}

test("leaves are not read, and at most eight nodes are asked for at a time", async () => {
  const forest = new Forest(await MemoryStore.open(), new Random(0), 12, false);
  const root = await forest.plant(Array.from({ length: 1500 }, (_, i) => i));
  const { store } = forest;
  const read: Edn[] = [];
  let [largest, checking, checkedAtOnce] = [0, 0, 0];
  const trees = new TreeWalk({
    get: (key) => {
      read.push(key);
      return store.get(key);
    },
    getMany: (keys) => {
      read.push(...keys);
      largest = Math.max(largest, keys.length);
      return store.getMany(keys);
    },
    has: async (key) => {
      checkedAtOnce = Math.max(checkedAtOnce, ++checking);
      const answer = await store.has(key);
      checking--;
      return answer;
    },
  });
  const found = await walk(trees, treeOf(root));
  expect(found.length).toBe(reach(root).size);
  expect(read.length).toBeLessThan(found.length / 10);
  expect(largest).toBe(8);
  expect(checkedAtOnce).toBeLessThanOrEqual(64);
});

test("a node that is missing is named with the path to it", async () => {
  const forest = new Forest(await MemoryStore.open(), new Random(0), 4, false);
  const root = await forest.plant(Array.from({ length: 64 }, (_, i) => i));
  const middle = root.children[1] as ModelNode;
  const lost = middle.children[2] as ModelNode;
  await forest.store.write([{ op: "delete", key: lost.address }]);
  await expect(walk(new TreeWalk(forest.store), treeOf(root))).rejects.toMatchObject({
    code: "NODE_MISSING",
    details: { path: [":root", ...[root, middle, lost].map(({ address }) => address.toString())] },
  });
  const trusting = new TreeWalk(forest.store, { trustLeaves: true });
  expect((await walk(trusting, treeOf(root))).length).toBe(reach(root).size);
});

test("a tree is not walked into where it has been, but a root that was not read is", async () => {
  const store = await MemoryStore.open();
  const [top, child] = [randomUuid(), randomUuid()];
  await store.set(child, leaf([1]));
  await store.set(top, branch(1, [1], [child]));
  const trees = new TreeWalk(store);
  expect(await walk(trees, { path: new NodePath(top) })).toEqual([child, top].map(identity));
  expect(await walk(trees, { path: new NodePath(top) })).toEqual([]);
  expect(await walk(trees, { path: new NodePath(child) })).toEqual([]);
  // What a branch took for a leaf has children after all: they must not get lost.
  const [liar, hidden] = [randomUuid(), randomUuid()];
  await store.set(hidden, branch(1, [1], [child]));
  await store.set(liar, branch(1, [1], [hidden]));
  await walk(trees, { path: new NodePath(liar) });
  await expect(walk(trees, { path: new NodePath(hidden) })).rejects.toMatchObject({
    code: "CODEC_INVALID",
    details: { level: 1, known: 0 },
  });
});

test.each(["itself", "the one above", "the root"])(
  "a branch that names %s ends in an error",
  async (which) => {
    const store = await MemoryStore.open();
    const [top, middle, bottom] = [randomUuid(), randomUuid(), randomUuid()];
    const named = { itself: bottom, "the one above": middle, "the root": top }[which] ?? top;
    await store.set(top, branch(3, [1], [middle]));
    await store.set(middle, branch(2, [1], [bottom]));
    await store.set(bottom, branch(1, [1], [named]));
    await expect(walk(new TreeWalk(store), { path: new NodePath(top) })).rejects.toMatchObject({
      code: "CODEC_INVALID",
    });
  },
);

test.each<[string, Edn]>([
  ["a level that does not descend", branch(2, [1], [randomUuid()])],
  ["a leaf above leaves", leaf([1])],
  ["a root handle", handle(randomUuid())],
  ["another value", keyword("x")],
])("%s ends in an error", async (_, value) => {
  const store = await MemoryStore.open();
  const [top, child] = [randomUuid(), randomUuid()];
  await store.set(top, branch(2, [1], [child]));
  await store.set(child, value);
  await expect(walk(new TreeWalk(store), { path: new NodePath(top) })).rejects.toMatchObject({
    code: "CODEC_INVALID",
  });
});

test("the highest tree there may be is walked without running out of stack", async () => {
  const store = await MemoryStore.open();
  let address = randomUuid();
  await store.set(address, leaf([1]));
  for (let level = 1; level <= MAX_LEVEL; level++) {
    const parent = randomUuid();
    await store.set(parent, branch(level, [1], [address]));
    address = parent;
  }
  const path = new NodePath(address);
  expect((await walk(new TreeWalk(store), { path })).length).toBe(MAX_LEVEL + 1);
});

test("an aborted walk rejects with the reason", async () => {
  const forest = new Forest(await MemoryStore.open(), new Random(0), 4, false);
  const root = await forest.plant(Array.from({ length: 64 }, (_, i) => i));
  const abort = new AbortController();
  const reason = new Error("enough");
  const walking = async () => {
    const trees = new TreeWalk(forest.store, { signal: abort.signal });
    for await (const _ of trees.walk(treeOf(root))) abort.abort(reason);
  };
  await expect(walking()).rejects.toBe(reason);
});
