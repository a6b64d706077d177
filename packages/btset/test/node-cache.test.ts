import { NodeCache } from "@datahike-sync/btset";
import { uuid } from "@datahike-sync/edn";
import { expect, test } from "vitest";
import { leaf } from "./tree.ts";

test("keeps the nodes that were used last", () => {
  const cache = new NodeCache(2);
  const [a, b, c] = [leaf(["a"]), leaf(["b"]), leaf(["c"])];
  cache.set(1, a);
  cache.set(2, b);
  expect(cache.get(1)).toBe(a);
  cache.set(3, c);
  expect([cache.get(1), cache.get(2), cache.get(3)]).toEqual([a, undefined, c]);
  cache.set(3, b);
  expect([cache.get(1), cache.get(3)]).toEqual([a, b]);
});

test("finds a node by any address that is equal", () => {
  const cache = new NodeCache();
  const text = "6b008129-3973-4f7c-b6e8-b521222cfb34";
  const node = leaf([]);
  cache.set(uuid(text), node);
  expect(cache.get(uuid(text.toUpperCase()))).toBe(node);
});
