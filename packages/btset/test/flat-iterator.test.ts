import { openIndex } from "@datahike-sync/btset";
import { expect, test } from "vitest";
import { buildTree, collect, datom, handle } from "./tree.ts";

const all = Array.from({ length: 50 }, (_, e) => datom(e, "a", e));

async function openTree(width: number) {
  const { store, root, leaves } = await buildTree(all, width);
  return { store, leaves, index: openIndex(store, handle(root)) };
}

test("calls that do not wait for each other are answered in their order", async () => {
  const { index } = await openTree(4);
  const datoms = index.datoms();
  const calls = Array.from({ length: 55 }, () => datoms.next());
  const results = await Promise.all(calls);
  expect(results.slice(0, 50).map(({ value }) => value)).toEqual(all);
  for (const { done } of results.slice(50)) expect(done).toBe(true);
});

test("who stops early gets no more", async () => {
  const { index } = await openTree(4);
  const datoms = index.datoms();
  expect((await datoms.next()).value).toEqual(all[0]);
  expect(await datoms.return?.()).toEqual({ done: true, value: undefined });
  expect((await datoms.next()).done).toBe(true);
  expect((await datoms.next()).done).toBe(true);
});

test("an error comes to the call that met it, and ends the iteration", async () => {
  const { store, leaves, index } = await openTree(4);
  await store.write([{ op: "delete", key: leaves[1] ?? "none" }]);
  const datoms = index.datoms();
  for (const expected of all.slice(0, 4)) expect((await datoms.next()).value).toEqual(expected);
  const [first, second] = [datoms.next(), datoms.next()];
  await expect(first).rejects.toMatchObject({ code: "NODE_MISSING" });
  expect((await second).done).toBe(true);
  await expect(collect(index.datoms())).rejects.toMatchObject({ code: "NODE_MISSING" });
});
