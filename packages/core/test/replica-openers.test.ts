import type { Cursor, Store } from "@datahike-sync/core";
import { type Edn, toJs, uuid } from "@datahike-sync/edn";
import { cases } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import {
  at,
  cell,
  contents,
  deleteCell,
  deleteNode,
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

/** Another opener's commit, as its follower would make it. */
async function move(store: Store, operations: readonly Parameters<Store["set"]>[]): Promise<void> {
  const { revision = 0, ...standing } = (await store.standing(STORE)) ?? {};
  await store.write(
    operations.map(([key, value, options]) => ({ op: "set", key, value, ...options })),
    { standing: { storeId: STORE, was: revision, now: standing } },
  );
}

describe("two openers of one store", () => {
  test("apply each live step once, and both tell of it", async () => {
    const disk = new TestDisk(3);
    const worlds = [new World(), new World()];
    const stores = [await disk.open(), await disk.open()];
    const [first, second] = await Promise.all(
      worlds.map(async (world, i) => {
        const subscription = world.follow(stores[i] as Store);
        const told: unknown[] = [];
        subscription.onKey("a", ({ value }) => told.push(value));
        return { line: await world.line(), subscription, told };
      }),
    );
    if (first === undefined || second === undefined) throw new Error("two worlds");
    first.line.subscribed();
    first.line.batch([cell("a", 1)], { to: at(1), sums: true });
    first.line.complete(1);
    await first.subscription.synced();
    // It was told to send everything, but what that brings is here.
    second.line.subscribed();
    second.line.batch([cell("a", 1)], { to: at(1), sums: true });
    second.line.complete(1);
    expect(await second.subscription.synced()).toEqual(at(1));
    for (let seq = 2; seq < 30; seq++) {
      for (const { line } of [first, second]) {
        line.batch([cell("a", seq), node(`n${seq}`, 1)], { from: at(seq - 1), to: at(seq) });
      }
      if (seq % 3 === 0)
        await until(() => [first, second].every(({ told }) => told.at(-1) === seq));
    }
    await until(() => [first, second].every(({ told }) => told.at(-1) === 29));
    for (const { line } of [first, second]) await line.acked((batches) => batches.at(-1) === 29);
    for (const { told } of [first, second]) expect(told).toEqual([...new Set(told)]);
    expect([first, second].flatMap(({ line }) => line.of("unsubscribe"))).toEqual([]);
    expect(first.subscription.status.cursor).toEqual(at(29));
    expect(await (stores[0] as Store).get("a")).toBe(29);
  });

  test("do not transfer the same twice at once: who comes second waits until the first is done", async () => {
    const disk = new TestDisk(4);
    const [one, two] = [new World(), new World()];
    const first = one.follow(await disk.open());
    const steps: string[] = [];
    const second = two.follow(await disk.open(), {
      onStep: ({ operations }) => steps.push(keysOf(operations)),
    });
    const [a, b] = [await one.line(), await two.line()];
    for (const line of [a, b]) line.subscribed("all");
    a.batch([node("n1", 1)], { position: 1 });
    await a.acked(({ length }) => length === 1);
    b.batch([node("n1", 1)], { position: 1 });
    await until(() => b.of("unsubscribe").length === 1);
    // As long as the first goes on, the second waits.
    for (let i = 2; i < 5; i++) {
      await two.clock.pass(900);
      a.batch([node(`n${i}`, 1)], { position: i });
      await a.acked(({ length }) => length === i);
    }
    await two.clock.pass(150);
    expect(b.of("subscribe")).toHaveLength(1);
    a.batch([cell("c", 1)], { to: at(1), sums: true });
    a.complete(1);
    await first.synced();
    await two.clock.pass(1000);
    expect(b.of("subscribe").at(-1)).toMatchObject({ id: 2, have: { cursor: at(1) } });
    // What the first has applied, the second tells from the store.
    expect(steps).toEqual(["c"]);
    b.subscribed();
    b.batch([], { from: at(1), to: at(1), sums: true });
    b.complete(1);
    await second.synced();
  });

  test("begin anew where the other has pruned under a step that is half here", async () => {
    const disk = new TestDisk(5);
    const world = new World();
    const { line } = await live(world, await disk.open(), [pointer("p", 1)]);
    const other = await disk.open();
    // A live step of two batches: its nodes are reached by nothing, and no position protects them.
    line.batch([node("n1", 1)]);
    await line.acked(({ length }) => length === 2);
    const { revision = 0, ...standing } = (await other.standing(STORE)) ?? {};
    const change = { standing: { storeId: STORE, was: revision, now: standing } };
    await other.write([{ op: "delete", key: "n1" }], change);
    line.batch([pointer("p", "n1")], { from: at(1), to: at(2) });
    await until(() => line.of("unsubscribe").length === 1);
    expect(await contents(other)).toEqual({ '"p"': "1" });
  });

  test("try again where the other has changed nothing that matters", async () => {
    const disk = new TestDisk(6);
    const world = new World();
    const { line } = await live(world, await disk.open(), [pointer("p", 1)]);
    const other = await disk.open();
    await move(other, []);
    line.batch([node("n", 1), pointer("p", "n")], { from: at(1), to: at(2) });
    await line.acked(({ length }) => length === 2);
    expect(await contents(other)).toEqual({ '"p"': '"n"', '"n"': "1" });
    expect(line.of("subscribe")).toHaveLength(1);
  });

  test("begin anew at a resync where the other is further: what follows may be gone there", async () => {
    const disk = new TestDisk(7);
    const [one, two] = [new World(), new World()];
    const [store, behind] = [await disk.open(), await disk.open()];
    const first = await live(one, store, [pointer("p", 1)]);
    two.follow(behind);
    const line = await two.line();
    line.subscribed();
    line.batch([], { from: at(1), to: at(1), sums: true });
    line.complete(1);
    await line.acked(({ length }) => length === 1);
    first.line.batch([node("n", 1), pointer("p", "n")], { from: at(1), to: at(2) });
    first.line.batch([pointer("p", 2), deleteNode("n")], { from: at(2), to: at(3) });
    await first.line.acked((batches) => batches.at(-1) === 3);
    line.batch([cell("c", 1)], { from: at(1), to: at(2) });
    line.say({ type: "resync", id: line.id, reason: "SLOW_REPLICA" });
    line.batch([node("n", 1)], { position: 1 });
    await until(() => line.of("unsubscribe").length === 1);
    await two.clock.pass(1000);
    expect(line.of("subscribe").at(-1)).toMatchObject({ id: 2, have: { cursor: at(3) } });
    expect(await contents(behind)).toEqual({ '"p"': "2" });
  });

  test("do not take a step of other rights for their own, though it ends at the same cursor", async () => {
    const disk = new TestDisk(6);
    const [one, two] = [new World(), new World()];
    const store = await disk.open();
    const first = one.follow(store);
    two.follow(await disk.open());
    const [a, b] = [await one.line(), await two.line()];
    for (const line of [a, b]) line.subscribed();
    a.batch([cell("a", 1), cell("secret", 1)], { to: at(1), sums: true });
    a.complete(1);
    await first.synced();
    b.batch([cell("a", 1), cell("secret", 1)], { to: at(1), sums: true });
    b.complete(1);
    await b.acked(({ length }) => length === 1);
    // The rights of both are others now: one learns it, and the other writes once more before it does.
    a.say({ type: "error", id: 1, code: "RETRY_LATER", message: "", retryable: true, afterMs: 10 });
    await quiet();
    await one.clock.pass(100);
    await until(() => a.of("subscribe").length === 2);
    const other = uuid("00000000-0000-4000-8000-0000000000ff");
    a.subscribed("reconcile", 1, other);
    await quiet();
    await move(store, []);
    a.batch([deleteCell("secret")], { to: at(1) });
    a.complete(1);
    await until(() => first.status.phase === "live");
    expect(await contents(store)).toEqual({ '"a"': "1" });
    expect((await store.standing(STORE))?.selection).toEqual(other);
  });

  test("answer an offer for one revision only", async () => {
    const disk = new TestDisk(7);
    const world = new World();
    const { line } = await live(world, await disk.open(), [node("n", 1), pointer("p", 1)]);
    line.say({ type: "resync", id: line.id, reason: "ERA_UNKNOWN" });
    line.resetSums();
    line.offer(["n"]);
    await until(() => line.of("need").length === 1);
    await move(await disk.open(), []);
    line.batch([pointer("p", "n")], { to: at(2), sums: true });
    await until(() => line.of("unsubscribe").length === 1);
    expect(await contents(await disk.open())).toEqual({ '"n"': "1", '"p"': "1" });
  });
});

describe("what is kept back beyond memory", () => {
  const limits = { stageBytes: 300 };

  test("waits in the stage, and is one commit where it fits", async () => {
    const world = new World({ limits });
    const store = await new TestDisk(8).open();
    const { line } = await live(world, store, [node("n", 1), node("m", 1), cell("c", 0)]);
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    const commits: number[] = [];
    store.onCommit(({ operations }) => commits.push(operations.length));
    line.batch([deleteNode("n"), deleteNode("m"), cell("c", 1), cell("e", 1)]);
    await taken(line);
    line.batch([cell("d", 1), cell("e", 2), pointer("p", "m")]);
    await taken(line);
    // Written again: what the stage says of it no longer counts.
    line.batch([node("m", 1), cell("c", 2)]);
    await taken(line);
    expect(await contents(store)).toEqual({ '"n"': "1", '"m"': "1", '"c"': "0" });
    expect(await recordsOf(store)).toBeGreaterThan(2);
    line.batch([cell("f", 1)], { from: at(1), to: at(2), sums: true });
    await line.acked((batches) => batches.at(-1) === 5);
    const shown = { '"c"': "2", '"d"': "1", '"e"': "2", '"f"': "1", '"m"': "1", '"p"': '"m"' };
    expect(await contents(store)).toEqual(shown);
    expect(commits).toEqual([6]);
    expect(await store.standing(STORE)).toMatchObject({ cursor: at(2) });
    expect(await recordsOf(store)).toBe(0);
  });

  test("takes several commits where it is more, the pointers in the last, then the nodes' deletes", async () => {
    const world = new World({ limits: { stageBytes: 300, maxCommitBytes: 500 } });
    const store = await new TestDisk(9).open();
    const { line, subscription } = await live(world, store, [node("n", 1), pointer("p", "n")]);
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    const commits: [changes: string, isConsistent: boolean][] = [];
    store.onCommit(({ operations }) => {
      commits.push([changesOf(operations), subscription.status.consistent]);
    });
    line.batch([deleteNode("n"), pointer("p", "x")]);
    for (let i = 0; i < 6; i++) {
      line.batch([cell(`c${i}`, "long ".repeat(20))]);
      await taken(line);
    }
    line.batch([node("x", 1)], { from: at(1), to: at(2), sums: true });
    await taken(line);
    await until(() => subscription.status.phase === "live");
    const keys = commits.map(([changes]) => changes);
    expect(keys.at(0)).toBe("set x");
    expect(keys.at(-2)).toContain("set p");
    expect(keys.at(-1)).toBe("delete n");
    expect(keys.length).toBeGreaterThan(4);
    expect(commits.map(([, isConsistent]) => isConsistent)).toContain(false);
    expect(subscription.status).toMatchObject({ phase: "live", consistent: true });
    expect(Object.keys(await contents(store))).toHaveLength(8);
    expect(await store.standing(STORE)).toEqual({
      revision: expect.any(Number),
      cursor: at(2),
      selection: expect.anything(),
    });
  });

  test("is applied cells first, then the cursor, then deletes, where commits are not atomic", async () => {
    const world = new World();
    const whole = await new TestDisk(12).open();
    const capabilities = { ...whole.capabilities, atomic: "prefix" } as const;
    const writes: [keys: string, cursor: number | undefined][] = [];
    const store = new Proxy(whole, {
      get(_, name) {
        if (name === "capabilities") return capabilities;
        const value: unknown = Reflect.get(whole, name);
        if (typeof value !== "function") return value;
        if (name !== "write") return value.bind(whole);
        return (...args: Parameters<Store["write"]>) => {
          writes.push([changesOf(args[0]), args[1]?.standing?.now?.cursor?.seq]);
          return whole.write(...args);
        };
      },
    });
    const { line } = await live(world, store, [node("n", 1), pointer("p", "n")]);
    expect(writes).toEqual([
      ["set n", undefined],
      ["set p", undefined],
      ["", 1],
    ]);
    writes.length = 0;
    const step = [node("m", 1), pointer("p", "m"), cell("c", 1), deleteNode("n")];
    line.batch(step, { from: at(1), to: at(2) });
    await taken(line);
    expect(writes.filter(([keys, seq]) => keys !== "" || seq === 2)).toEqual([
      ["set m", 1],
      ["set c,set p", 1],
      ["", 2],
      ["delete n", 2],
      ["", 2],
    ]);
    expect(await recordsOf(whole)).toBe(0);
  });

  test("is asked for again when another opener has cleared it", async () => {
    const disk = new TestDisk(10);
    const world = new World({ limits });
    const { line } = await live(world, await disk.open(), [pointer("p", 1)]);
    line.batch([cell("c", "long ".repeat(80))]);
    await taken(line);
    line.batch([cell("d", "long ".repeat(80))]);
    await taken(line);
    const other = await disk.open();
    await other.stage(STORE).clear();
    line.batch([pointer("p", 2)], { from: at(1), to: at(2) });
    await until(() => line.of("unsubscribe").length === 1);
    expect(await contents(other)).toEqual({ '"p"': "1" });
  });
});

describe("a crash", () => {
  test("between any two commits of a large step loses nothing and leaves nothing", async () => {
    const options = { limits: { stageBytes: 400, maxCommitBytes: 600 } };
    const doomedNodes = Array.from({ length: 5 }, (_, i) => node(`n${i}`, 1));
    const states = new Set<string | undefined>();
    for (let number = 0; number < cases(400); number++) {
      const disk = new TestDisk(number);
      const store = await disk.open();
      const world = new World(options);
      const { line } = await live(world, store, [...doomedNodes, node("m", 1), pointer("p", "n0")]);
      let left = number % 24;
      disk.beforeCommit = () => {
        if (left-- > 0) return undefined;
        disk.crash();
        return new Promise(() => undefined);
      };
      await sendLargeStep(line, at(1));
      disk.crash();
      disk.beforeCommit = undefined;

      const again = await disk.open();
      const { cursor, doomed } = (await again.standing(STORE)) ?? {};
      states.add(doomed?.replace(/\d+ \d+/, "deleting"));
      const shown = await contents(again);
      // The pointer never shows what is not here, nor is a node gone that it shows.
      const isThere = cursor?.seq === 2;
      expect(shown).toMatchObject(
        isThere ? { '"p"': '"x"', '"x"': "1" } : { '"p"': '"n0"', '"n0"': "1", '"n4"': "1" },
      );
      const next = new World(options);
      const subscription = next.follow(again);
      const nextLine = await next.line();
      // What the last step doomed is gone before anything else comes.
      const rest = Object.keys(await contents(again)).filter((key) => key.startsWith('"n'));
      expect(rest).toHaveLength(isThere ? 0 : 5);
      // A step that is shown in part is compared: the primary may be restored to before it.
      const isInParts = doomed === "applying";
      expect(nextLine.have?.cursor).toMatchObject(isInParts ? { era: "" } : { ...cursor });
      nextLine.subscribed();
      if (isThere) nextLine.batch([], { from: at(2), to: at(2), sums: true });
      else await sendLargeStep(nextLine, isInParts ? undefined : at(1));
      nextLine.complete(2);
      await subscription.synced();
      expect(subscription.status.consistent, `${number} ${doomed}`).toBe(true);
      const keys = Object.keys(await contents(again)).toSorted();
      expect(keys).toEqual(['"c0"', '"c1"', '"c2"', '"m"', '"p"', '"x"']);
      expect((await again.standing(STORE))?.doomed).toBeUndefined();
      await subscription.close();
    }
    expect(states).toEqual(new Set([undefined, "applying", "deleting"]));
  });

  test("among deletes that somebody else can no longer finish is mended by comparing everything", async () => {
    const disk = new TestDisk(11);
    const store = await disk.open();
    await live(new World(), store, [node("n", 1)]);
    const { revision = 0, ...standing } = (await store.standing(STORE)) ?? {};
    const now = { ...standing, doomed: "7 3" };
    await store.write([], { standing: { storeId: STORE, was: revision, now } });
    const world = new World();
    const subscription = world.follow(await disk.open());
    const line = await world.line();
    expect(line.have).toEqual({
      cursor: { era: "", seq: 0 },
      selection: undefined,
      tokens: undefined,
      position: undefined,
    });
    expect(subscription.status.consistent).toBe(false);
    line.subscribed("reconcile");
    line.batch([deleteNode("n")], { to: at(3), sums: true });
    line.complete(3);
    await subscription.synced();
    expect(subscription.status.consistent).toBe(true);
    expect(await contents(store)).toEqual({});
  });
});

/** From 1 to 2, slowly enough for it to be kept back in the stage. */
async function sendLargeStep(line: PrimaryEnd, from: Cursor | undefined): Promise<void> {
  line.resetSums();
  line.batch(Array.from({ length: 5 }, (_, i) => deleteNode(`n${i}`)));
  await quiet();
  for (let i = 0; i < 4; i++) {
    line.batch([cell(`c${i % 3}`, "long ".repeat(30))]);
    await quiet();
  }
  line.batch([deleteNode("m"), pointer("p", "x")]);
  await quiet();
  line.batch([node("m", 1), node("x", 1)]);
  line.batch([], { from, to: at(2) });
  await quiet();
}

/** Until everything that was sent is acknowledged. */
async function taken(line: PrimaryEnd): Promise<void> {
  await line.acked((batches) => batches.at(-1) === line.sent);
}

function keysOf(operations: readonly { readonly key: Edn }[]): string {
  return operations.map(({ key }) => toJs(key)).join();
}

function changesOf(operations: readonly { readonly op: string; readonly key: Edn }[]): string {
  return operations.map(({ op, key }) => `${op} ${keysOf([{ key }])}`).join();
}

async function recordsOf(store: Store): Promise<number> {
  let records = 0;
  for await (const _ of store.stage(STORE).read()) records++;
  return records;
}
