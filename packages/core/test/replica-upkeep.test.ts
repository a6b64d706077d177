import type { PointerState, ReadableStore, Walker } from "@datahike-sync/core";
import { type Edn, identity, SyncError, uuid } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { Comparison } from "../src/reconcile/comparison.ts";
import { ItemSet } from "../src/reconcile/item-set.ts";
import {
  at,
  cell,
  contents,
  live,
  node,
  type PrimaryEnd,
  pointer,
  quiet,
  STORE,
  TestDisk,
  until,
  World,
} from "./replica-world.ts";

/** Of stores whose pointer is `"p"`, and whose values are vectors of the keys that they reach. */
const WALKER: Walker = {
  pointers: () => ["p"],
  select: () => WALKER,
  async *walk(store) {
    const value = await store.get("p");
    for (const key of await reach(store, value === undefined ? [] : [{ key: "p", value }])) {
      yield { class: "node", key };
    }
  },
  async *diff(store, from, to, { removed = false } = {}) {
    const [before, after] = [await reach(store, from), await reach(store, to)];
    for (const key of after) if (!before.includes(key)) yield { key, change: "added" };
    if (!removed) return;
    for (const key of before.toReversed()) {
      if (!after.includes(key)) yield { key, change: "removed" };
    }
  },
  classify: (key) => (key === "p" ? "pointer" : "node"),
  children: (value) => value as readonly Edn[],
  token: () => undefined,
  resolve: async () => undefined,
  recycles: () => false,
};

/** Children before parents. */
async function reach(store: ReadableStore, states: readonly PointerState[]): Promise<Edn[]> {
  const found = new Set<Edn>();
  const visit = async (value: Edn) => {
    for (const key of value as readonly Edn[]) {
      if (found.has(key)) continue;
      await visit((await store.get(key)) ?? []);
      found.add(key);
    }
  };
  for (const { value } of states) await visit(value);
  return [...found];
}

describe("pruning", () => {
  test("deletes after each step what it has left behind, less what somebody reads", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    await store.set("mine", []);
    const subscription = world.follow(store, { walker: WALKER, prune: "unreachable" });
    const line = await world.line();
    line.subscribed("diff");
    const first = [node("a", []), node("b", ["a"]), node("c", ["b"]), node("pinned", [])];
    line.batch([...first, pointer("p", ["c", "pinned"])], { to: at(1), sums: true });
    line.complete(1);
    await subscription.synced();
    store.pin(["pinned"]);
    line.batch([node("d", ["a"]), pointer("p", ["d"])], { from: at(1), to: at(2) });
    await until(() => world.events.some(({ type }) => type === "pruned"));
    const keys = Object.keys(await contents(store));
    expect(keys.toSorted()).toEqual(['"a"', '"d"', '"mine"', '"p"', '"pinned"']);
    expect(world.events.filter(({ type }) => type === "pruned")).toMatchObject([{ nodes: 2 }]);
  });

  test("never touches what an unfinished transfer brought, and needs a walker", async () => {
    const world = new World();
    const disk = new TestDisk();
    const store = await disk.open();
    const { line, subscription } = await live(world, store, [node("a", []), pointer("p", ["a"])]);
    await expect(subscription.prune()).rejects.toThrow(TypeError);
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    line.batch([node("b", [])], { position: 1 });
    await line.acked(({ length }) => length === 2);
    await subscription.close();
    const again = world.follow(await disk.open(), { walker: WALKER, prune: "unreachable" });
    const pruned = again.prune();
    await quiet();
    await again.close();
    await expect(pruned).rejects.toMatchObject({ code: "ABORTED" });
    expect(await contents(store)).toMatchObject({ '"b"': "[]" });
  });

  test("looks again where another opener has taken away what it was reading", async () => {
    const world = new World();
    const disk = new TestDisk();
    const [store, other] = [await disk.open(), await disk.open()];
    let moves = 1;
    const walker: Walker = {
      ...WALKER,
      async *walk(readable, options) {
        yield* WALKER.walk(readable, options);
        if (moves-- <= 0) return;
        const { revision = 0, ...standing } = (await other.standing(STORE)) ?? {};
        await other.write([{ op: "set", key: "p", value: [] }], {
          standing: { storeId: STORE, was: revision, now: standing },
        });
        throw new SyncError("NODE_MISSING", "a node is not there");
      },
    };
    const subscription = world.follow(store, { walker });
    const line = await world.line();
    line.subscribed("diff");
    line.batch([node("a", []), pointer("p", ["a"])], { to: at(1), sums: true });
    line.complete(1);
    await subscription.synced();
    expect(await subscription.prune()).toBe(1);
    expect(await contents(store)).toEqual({ '"p"': "[]" });
  });

  test("finds what steps have left that were applied as one", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const subscription = world.follow(store, { walker: WALKER, prune: "unreachable" });
    const line = await world.line();
    line.subscribed("diff");
    line.batch([node("a", []), pointer("p", ["a"])], { to: at(1), sums: true });
    line.complete(1);
    for (const [seq, key] of [
      [2, "b"],
      [3, "c"],
      [4, "d"],
    ] as const) {
      line.batch([node(key, ["a"]), pointer("p", [key])], { from: at(seq - 1), to: at(seq) });
    }
    await subscription.awaitCursor(at(4));
    await until(() => world.events.some(({ type }) => type === "pruned"));
    expect(Object.keys(await contents(store)).toSorted()).toEqual(['"a"', '"d"', '"p"']);
  });

  test("leaves alone what another opener has deleted and a step has brought again", async () => {
    const disk = new TestDisk();
    const world = new World({ random: () => 0 });
    const store = await disk.open();
    const subscription = world.follow(store, { walker: WALKER, prune: "unreachable" });
    const line = await world.line();
    line.subscribed("diff");
    line.batch([node("a", []), pointer("p", ["a"])], { to: at(1), sums: true });
    line.complete(1);
    await subscription.synced();
    await quiet();
    line.break();
    // The other opener goes to "b", deletes "a", and is gone.
    const { revision = 0, ...standing } = (await store.standing(STORE)) ?? {};
    const now = { ...standing, cursor: at(2) };
    const other = await disk.open();
    const value = { op: "set", value: [] } as const;
    await other.write(
      [
        { ...value, key: "b" },
        { ...value, key: "p", value: ["b"] },
        { op: "delete", key: "a" },
      ],
      { standing: { storeId: STORE, was: revision, now } },
    );
    await world.clock.pass(0);
    const next = await world.line();
    next.subscribed("diff");
    next.batch([node("a", []), pointer("p", ["a"])], { from: at(2), to: at(3), sums: true });
    next.complete(3);
    await subscription.synced();
    await quiet();
    expect(await contents(store)).toMatchObject({ '"a"': "[]", '"p"': '["a"]' });
  });

  test("on request finds everything that no pointer reaches, also offline", async () => {
    const world = new World({ random: () => 0.9 });
    const store = await new TestDisk().open();
    const connection = world.connection();
    const subscription = connection.follow(STORE, store, { walker: WALKER });
    const line = await world.line();
    line.subscribed("diff");
    line.batch([node("a", []), node("x", []), pointer("p", ["a"])], { to: at(1), sums: true });
    line.complete(1);
    await subscription.synced();
    expect(await subscription.prune()).toBe(1);
    expect(Object.keys(await contents(store)).toSorted()).toEqual(['"a"', '"p"']);
    line.batch([node("b", []), node("y", []), pointer("p", ["b"])], { from: at(1), to: at(2) });
    await line.acked((batches) => batches.at(-1) === line.sent);
    line.break();
    await until(() => subscription.status.phase === "offline");
    expect(await subscription.prune()).toBe(2);
    expect(Object.keys(await contents(store)).toSorted()).toEqual(['"b"', '"p"']);
    await subscription.close();
    await expect(subscription.prune()).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("a comparison with the primary", () => {
  test("counts what differs and changes nothing; repairing makes it equal", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const truth = [cell("a", 1), cell("b", 1), node("c", 1), cell("d", 1, 5)];
    const { line, subscription } = await live(world, store, [
      cell("a", 1),
      cell("b", 2, 9),
      cell("x", 1),
      node("c", 1),
    ]);
    const verified = subscription.verify();
    await answer(line, truth, 2);
    const found = { entries: 5, missing: 1, different: 1, extra: 1 };
    expect(await verified).toEqual(found);
    expect(await store.get("x")).toBe(1);
    expect(subscription.status.phase).toBe("live");

    const repaired = subscription.repair();
    await answer(line, truth, 3);
    await answer(line, truth, 4);
    expect(await repaired).toEqual(found);
    expect(await contents(store)).toEqual({ '"a"': "1", '"b"': "1", '"c"': "1", '"d"': "1" });
    expect(subscription.status.phase).toBe("live");
  });

  test("repairs nothing once the subscription has failed", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line, subscription } = await live(world, store, [pointer("p", 1)]);
    const repaired = subscription.repair().catch((error: unknown) => error);
    await until(() => line.of("subscribe").length === 2);
    line.subscribed("diff");
    line.offer(["a"]);
    await until(() => line.of("need").length === 1);
    line.batch([pointer("p", 2)], { to: at(1) });
    const gone = { code: "STORE_NOT_FOUND", message: "gone", retryable: false } as const;
    line.say({ type: "error", id: 1, ...gone, afterMs: undefined });
    expect(await repaired).toMatchObject({ code: "STORE_NOT_FOUND" });
    expect(subscription.status.phase).toBe("failed");
  });

  test("counts offered nodes", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const here = [node("a", 1), node("x", 1), pointer("p", 1)];
    const { line, subscription } = await live(world, store, here);
    const verified = subscription.verify();
    await until(() => line.of("subscribe").length === 2);
    line.subscribed("diff");
    line.offer(["a", "b"]);
    await until(() => line.of("need").length === 1);
    expect(line.of("need")[0]?.keys).toEqual([]);
    line.batch([pointer("p", 2)], { to: at(1) });
    expect(await verified).toEqual({ entries: 4, missing: 1, different: 1, extra: 1 });
  });

  test("is made again where either side has moved, and given up at last", async () => {
    const world = new World();
    const { line, subscription } = await live(world, await new TestDisk().open(), [cell("a", 1)]);
    const verified = subscription.verify();
    for (let attempt = 1; attempt <= 10; attempt++) {
      await until(() => line.of("subscribe").length === attempt + 1);
      // The last time both stand still, and what may be seen is something else.
      const isLast = attempt === 10;
      line.subscribed(
        "reconcile",
        0,
        isLast ? uuid("00000000-0000-4000-8000-0000000000ff") : undefined,
      );
      line.batch([], { to: at(isLast ? 1 : attempt + 1) });
    }
    await expect(verified).rejects.toMatchObject({ code: "RETRY_LATER" });
    expect(line.of("unsubscribe")).toHaveLength(10);
  });
});

/** A primary that has these entries, comparing them by ranges. */
async function answer(
  line: PrimaryEnd,
  truth: readonly Parameters<PrimaryEnd["batch"]>[0][number][],
  id: number,
): Promise<void> {
  const entries = truth.flatMap((one) => (one.op === "part" ? [] : [one]));
  await until(() => line.id === id);
  expect(line.have?.cursor).toEqual({ era: "", seq: 0 });
  const from = line.of("reconcile").length;
  line.subscribed("reconcile");
  const comparison = new Comparison(new ItemSet(entries));
  const found: Edn[] = [];
  let at_ = from;
  for (let next = comparison.next(); next !== undefined; next = comparison.next()) {
    line.say({ type: "reconcile", id, ranges: next });
    while (!comparison.isAnswered) {
      await until(() => line.of("reconcile").length > at_);
      found.push(
        ...comparison.take(line.of("reconcile")[at_++]?.ranges ?? null).map(({ key }) => key),
      );
    }
  }
  const differing = found.map((key) => {
    const entry = entries.find((one) => identity(one.key) === identity(key));
    return entry ?? ({ op: "delete", key, type: "edn", immutable: false, lastWrite: 1 } as const);
  });
  line.batch(differing, { to: at(1), sums: true });
  line.complete(1);
}
