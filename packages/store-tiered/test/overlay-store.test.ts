import type { ObjectRow, Store } from "@datahike-sync/core";
import { print } from "@datahike-sync/edn";
import { MemoryMap } from "@datahike-sync/store-memory";
import { type ReadPolicy, TieredStore } from "@datahike-sync/store-tiered";
import { expect, test } from "vitest";
import { ForestWalker, ROOTS } from "./forest.ts";
import { openMap } from "./tiers.ts";

test("what is written stays in the frontend, and counts", async () => {
  const { store, backend } = await open();
  await backend.write([
    { op: "set", key: "a", value: 1 },
    { op: "set", key: "b", value: 1 },
  ]);
  await store.set("a", 2);
  expect(await store.update("b", (value) => Number(value) + 5)).toBe(6);
  expect(await store.getMany(["a", "b", "c"])).toEqual([2, 6, undefined]);
  expect(await backend.getMany(["a", "b"])).toEqual([1, 1]);
  expect(await store.delete("a")).toBe(true);
  expect(await store.get("a")).toBe(1);
  expect(await store.delete("a")).toBe(false);
});

test("nodes of the backend are kept, and nothing else is, because it may change there", async () => {
  const { store, frontend, backend } = await open();
  await backend.write([
    { op: "set", key: "cell", value: 1 },
    { op: "set", key: "node", value: 1, immutable: true },
  ]);
  const told: string[] = [];
  store.onCommit(({ operations }) => told.push(operations.map(({ key }) => print(key)).join()));
  expect(await store.getMany(["cell", "node"])).toEqual([1, 1]);
  await expect.poll(() => frontend.has("node")).toBe(true);
  await backend.set("cell", 2);
  expect(await store.get("cell")).toBe(2);
  expect(await frontend.has("cell")).toBe(false);
  expect(told).toEqual([]);
  await store.set("own", 1);
  expect(told).toEqual(['"own"']);
});

test("keys are listed once, those of both", async () => {
  const { store, backend } = await open();
  await backend.write([1, 2, 3].map((key) => ({ op: "set", key, value: key })));
  await store.write([3, 4].map((key) => ({ op: "set", key, value: key })));
  expect(await listed(store)).toEqual(["1", "2", "3", "4"]);
  const alone = await open("frontend-only");
  await alone.backend.set(1, 1);
  await alone.store.set(2, 2);
  expect(await listed(alone.store)).toEqual(["2"]);
  expect(await alone.store.get(1)).toBeUndefined();
});

test("reads of the frontend alone can be prepared by copying, and by walking", async () => {
  const backend = await openMap();
  await backend.write([
    { op: "set", key: "leaf", value: [], immutable: true },
    { op: "set", key: "branch", value: ["leaf"], immutable: true },
    { op: "set", key: ROOTS[0], value: ["branch"] },
  ]);
  const options = { backend, writePolicy: "frontend-only", readPolicy: "frontend-only" } as const;
  const copied = await TieredStore.open({
    ...options,
    frontend: await openMap(),
    syncOnConnect: "missing",
  });
  expect(await listed(copied)).toHaveLength(3);
  const walked = await TieredStore.open({ ...options, frontend: await openMap() });
  const walker = new ForestWalker();
  expect(await walked.walkSync({ walker })).toEqual({ reached: 3, copied: 3 });
  expect(await walked.get("leaf")).toEqual([]);
});

test("what history it has is that of its own opener", async () => {
  const { store } = await open();
  await store.set("a", 1);
  const { eras, last, floor } = await store.feed();
  expect([eras.length, last, floor]).toEqual([1, 1, 1]);
  await expect(store.changes({ seq: 0, place: 0 })).rejects.toThrow(TypeError);
});

test("destroy leaves the backend what it has", async () => {
  const backendMap = new MemoryMap<ObjectRow>();
  const frontend = await openMap();
  const backend = await openMap(backendMap);
  await backend.set("a", 1);
  const store = await TieredStore.open({ frontend, backend, writePolicy: "frontend-only" });
  await store.destroy();
  expect(await (await openMap(backendMap)).get("a")).toBe(1);
});

async function open(
  readPolicy: ReadPolicy = "frontend-first",
): Promise<{ store: TieredStore; frontend: Store; backend: Store }> {
  const [frontend, backend] = [await openMap(), await openMap()];
  const writePolicy = "frontend-only";
  const store = await TieredStore.open({ frontend, backend, writePolicy, readPolicy });
  return { store, frontend, backend };
}

async function listed(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.keys()) keys.push(print(key));
  return keys.sort();
}
