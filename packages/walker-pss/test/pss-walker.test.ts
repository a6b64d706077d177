import type { WalkProgress } from "@datahike-sync/core";
import { type Edn, identity, keyword, randomUuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { Random } from "@datahike-sync/testing";
import { pssWalker } from "@datahike-sync/walker-pss";
import { expect, test } from "vitest";
import { branch, Forest, handle, leaf, reach } from "./forest.ts";

const [A, B] = [keyword("a"), keyword("b")];

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function twoSets() {
  const store = await MemoryStore.open();
  const forest = new Forest(store, new Random(0), 8, false);
  const one = await forest.plant(Array.from({ length: 1000 }, (_, i) => i));
  const two = await forest.change(one, 3);
  await store.set(A, handle(one.address));
  await store.set(B, handle(two.address));
  return { store, one, two };
}

test("walks what its pointers reach, and last the pointers with what was walked", async () => {
  const { store, one, two } = await twoSets();
  const progress: WalkProgress[] = [];
  const walker = pssWalker({ pointers: [A, B, keyword("not-there-yet")] });
  const steps = await collect(walker.walk(store, { onProgress: (at) => progress.push(at) }));
  const nodes = steps.filter((step) => step.class === "node").map(({ key }) => identity(key));
  expect(new Set(nodes)).toEqual(reach(two, reach(one)));
  expect(steps.slice(nodes.length)).toEqual([
    { class: "pointer", key: A, value: await store.get(A), meta: await store.getMeta(A) },
    { class: "pointer", key: B, value: await store.get(B), meta: await store.getMeta(B) },
  ]);
  expect(progress.at(-1)?.keys).toBe(steps.length);
  expect(progress.at(-1)?.decoded).toBeLessThan(steps.length / 4);
});

test("tells what a new value of a pointer adds and removes", async () => {
  const { store, one, two } = await twoSets();
  const [from, to] = [one, two].map(({ address }) => [{ key: A, value: handle(address) }]);
  const steps = await collect(
    pssWalker({ pointers: [A] }).diff(store, from ?? [], to ?? [], { removed: true }),
  );
  const keys = (change: string) =>
    steps.filter((step) => step.change === change).map(({ key }) => identity(key));
  const [before, after] = [reach(one), reach(two)];
  expect(new Set(keys("added"))).toEqual(new Set([...after].filter((key) => !before.has(key))));
  expect(new Set(keys("removed"))).toEqual(new Set([...before].filter((key) => !after.has(key))));
});

test("a pointer to something else than a set is refused", async () => {
  const store = await MemoryStore.open();
  await store.set(A, 5);
  await expect(collect(pssWalker({ pointers: [A] }).walk(store))).rejects.toMatchObject({
    code: "CODEC_INVALID",
  });
});

test("tells entries apart by their keys and metadata", () => {
  const walker = pssWalker({ pointers: [A] });
  expect(walker.classify(A)).toBe("pointer");
  expect(walker.classify(B)).toBe("cell");
  expect(walker.classify(B, { immutable: true })).toBe("node");
  expect(walker.classify(randomUuid())).toBe("node");
});

test("names what a value names", () => {
  const walker = pssWalker({ pointers: [A] });
  const address = randomUuid();
  const children: [Edn, Edn[]][] = [
    [handle(address), [address]],
    [branch(1, [1], [address]), [address]],
    [leaf([address]), []],
    [[address], []],
  ];
  for (const [value, expected] of children) expect(walker.children(value)).toEqual(expected);
});

test("finds a set again by its token, as long as its root is there", async () => {
  const { store, one } = await twoSets();
  const walker = pssWalker({ pointers: [A] });
  const token = walker.token((await store.get(A)) ?? null);
  expect(token).toEqual(one.address);
  const value = await walker.resolve(store, token ?? null);
  expect(walker.children(value ?? null)).toEqual([one.address]);
  expect(await walker.resolve(store, randomUuid())).toBeUndefined();
  expect(walker.token("other")).toBeUndefined();
  expect(walker.recycles(value ?? null)).toBe(false);
});

test("names its pointers, and takes no options", () => {
  const walker = pssWalker({ pointers: [A, B] });
  expect(walker.pointers([])).toEqual([A, B]);
  expect(walker.select(null)).toBe(walker);
  expect(() => walker.select([A])).toThrow(TypeError);
});
