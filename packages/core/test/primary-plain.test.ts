import { print } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import {
  contentOf,
  gone,
  type Memory,
  open,
  type Peer,
  STORE,
  set,
  settled,
} from "./primary-peer.ts";

const types = (peer: Peer) => peer.messages.map(({ type }) => type);

describe("all", () => {
  test("sends everything but tombstones, completes at once, then every commit as a step", async () => {
    const { store, peer } = await open();
    await store.write([set("a", 1), set("b", 2), set("n", [1], true)]);
    await store.delete("b");
    const one = peer();
    await one.subscribe();
    expect(one.plans).toEqual(["all"]);
    expect(types(one)).toEqual(["subscribed", "batch", "complete"]);
    expect(one.batches[0]).toMatchObject({ from: undefined, to: { seq: 2 }, count: 2 });
    await store.write([set("c", 3), gone("a"), gone("n")]);
    await settled();
    expect(one.batches[1]).toMatchObject({ from: { seq: 2 }, to: { seq: 3 }, count: undefined });
    expect(one.batches[1]?.operations.map(({ op }) => op)).toEqual([
      "cell",
      "delete",
      "deleteNode",
    ]);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("of an empty store is one empty batch", async () => {
    const { peer } = await open();
    const one = peer();
    await one.subscribe();
    expect(types(one)).toEqual(["subscribed", "batch", "complete"]);
    expect(one.operations).toEqual([]);
    expect(one.memory.cursor?.seq).toBe(0);
  });

  test("shows cells early until it meets a node", async () => {
    const { store, peer } = await open({ batchOperations: 2 });
    for (const key of ["a", "b", "c", "d", "e"]) await store.set(key, 0);
    await store.set("n", 0, { immutable: true });
    await store.set("f", 0);
    const one = peer();
    await one.subscribe();
    expect(one.batches.map(({ mode }) => mode)).toEqual(["early", "early", undefined, undefined]);
  });

  test("goes on where it was interrupted, and tells of what went meanwhile", async () => {
    const { store, peer } = await open({ batchOperations: 2, windowBytes: 1 });
    for (let at = 0; at < 6; at++) await store.set(`c${at}`, at);
    for (let at = 0; at < 6; at++) await store.set(`n${at}`, at, { immutable: true });
    const one = peer({ isLazy: true });
    await one.subscribe();
    for (let batch = 1; batch < 5; batch++) {
      one.ack(batch);
      await settled();
    }
    expect(one.batches).toHaveLength(5);
    expect(one.memory.cursor).toBeUndefined();
    one.drop();
    await store.write([gone("c0"), gone("n0"), set("c1", "new")]);
    await store.write([gone("unknown"), set("c6", 6)]);
    const again = peer({}, one.memory);
    await again.subscribe();
    expect(again.plans).toEqual(["all"]);
    const keys = again.operations.map(({ op, key }) => `${op} ${print(key)}`);
    expect(keys).toEqual([
      'node "n4"',
      'node "n5"',
      'delete "c0"',
      'deleteNode "n0"',
      'cell "c1"',
      'cell "c6"',
    ]);
    expect(again.shown).toBe(await contentOf(store));
  });
});

describe("changes", () => {
  test("sends what changed since, deletes included, latest states only", async () => {
    const { store, peer } = await open();
    await store.write([set("a", 1), set("b", 2), set("n", [1], true)]);
    const one = peer();
    await one.subscribe();
    one.drop();
    await store.set("a", 5);
    await store.write([set("a", 6), gone("b"), set("m", 1, true)]);
    const again = peer({}, one.memory);
    await again.subscribe();
    expect(again.plans).toEqual(["changes"]);
    expect(again.operations.map(({ op, key }) => `${op} ${print(key)}`)).toEqual([
      'cell "a"',
      'delete "b"',
      'node "m"',
    ]);
    expect(again.batches.at(-1)).toMatchObject({ from: { seq: 1 }, to: { seq: 3 }, count: 3 });
    expect(again.shown).toBe(await contentOf(store));
  });

  test("resumed, sends every cell and tombstone again and skips only nodes", async () => {
    const { store, peer } = await open({ batchOperations: 2, windowBytes: 1 });
    await store.set("x", 0);
    const one = peer();
    await one.subscribe();
    one.drop();
    await store.write([
      set("c", 1),
      set("n1", 1, true),
      gone("x"),
      set("n2", 1, true),
      set("d", 1),
    ]);
    await store.set("n3", 1, { immutable: true });
    const two = peer({ isLazy: true }, one.memory);
    await two.subscribe();
    two.ack(1);
    await settled();
    expect(two.memory.entries.has("sn2")).toBe(true);
    two.drop();
    const three = peer({}, two.memory);
    await three.subscribe();
    expect(three.operations.map(({ op, key }) => `${op} ${print(key)}`)).toEqual([
      'cell "c"',
      'delete "x"',
      'cell "d"',
      'node "n3"',
    ]);
    expect(three.shown).toBe(await contentOf(store));
  });

  test("begins anew with a comparison when tombstones go while it scans", async () => {
    const { store, peer } = await open({ batchOperations: 1, windowBytes: 1 });
    await store.write([set("a", 1), set("b", 2)]);
    const one = peer();
    await one.subscribe();
    one.drop();
    await store.write([set("c", 3), set("d", 3), gone("a"), set("e", 3)]);
    const two = peer({ isLazy: true }, one.memory);
    await two.subscribe();
    expect(two.plans).toEqual(["changes"]);
    await store.compact();
    await two.takeUntil(() => two.of("complete").length > 0);
    expect(two.of("resync")).toMatchObject([{ reason: "FEED_TRUNCATED" }]);
    expect(two.of("reconcile").length).toBeGreaterThan(0);
    expect(two.shown).toBe(await contentOf(store));
  });
});

describe("reconcile", () => {
  test.each<[string, (memory: Memory) => void]>([
    ["a cursor of another era", (memory) => (memory.cursor = { era: "other", seq: 1 })],
    [
      "a cursor beyond the end",
      (memory) => memory.cursor && (memory.cursor = { ...memory.cursor, seq: 999 }),
    ],
    ["another selection", (memory) => (memory.selection = STORE)],
    [
      "a position and no cursor",
      (memory) => {
        memory.cursor = undefined;
        memory.position = [STORE];
      },
    ],
  ])("is the plan for %s", async (_, spoil) => {
    const { store, peer } = await open();
    for (let at = 0; at < 100; at++) await store.set(at, at, { immutable: at % 7 === 0 });
    const one = peer();
    await one.subscribe();
    one.drop();
    await store.write([gone(3), gone(7), set(5, "other"), set(200, 1), set(201, 1, true)]);
    spoil(one.memory);
    const two = peer({}, one.memory);
    await two.subscribe();
    expect(two.plans).toEqual(["reconcile"]);
    expect(two.batches.at(-1)?.from).toBeUndefined();
    expect(two.operations.length).toBeLessThan(12);
    expect(two.operations).toContainEqual(expect.objectContaining({ op: "deleteNode", key: 7 }));
    expect(two.shown).toBe(await contentOf(store));
    await store.set("live", 1);
    await settled();
    expect(two.shown).toBe(await contentOf(store));
  });

  test("that was interrupted is no first step for the next time", async () => {
    const { store, peer } = await open({ batchOperations: 1, windowBytes: 1 });
    for (let at = 0; at < 20; at++) await store.set(at, at, { immutable: true });
    const one = peer({ isLazy: true });
    await one.subscribe({ cursor: { era: "", seq: 0 } });
    one.ack(1);
    await settled();
    expect(one.memory.entries.size).toBeGreaterThan(0);
    one.drop();
    await store.delete(0);
    await store.compact();
    const two = peer({}, one.memory);
    await two.subscribe();
    expect(two.plans).toEqual(["reconcile"]);
    expect(two.shown).toBe(await contentOf(store));
  });

  test("sends what changed while the sets were compared", async () => {
    const { store, peer } = await open();
    for (let at = 0; at < 50; at++) await store.set(at, at);
    const one = peer({ isSilent: true });
    await one.subscribe({ cursor: { era: "", seq: 0 } });
    await store.write([gone(1), set(2, "later"), set("x", 1)]);
    expect(one.of("reconcile")).toHaveLength(1);
    one.say({ type: "reconcile", id: 1, ranges: [[null, 2, []]] });
    await settled();
    expect(one.closedWith).toBe("PROTOCOL_VIOLATION");
    const two = peer({});
    const subscribed = two.subscribe({ cursor: { era: "", seq: 0 } });
    await store.write([gone(3), set(2, "latest")]);
    await subscribed;
    expect(two.shown).toBe(await contentOf(store));
  });
});
