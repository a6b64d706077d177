import { SyncError, type SyncStatus } from "@datahike-sync/core";
import { uuid } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import {
  at,
  cell,
  contents,
  live,
  node,
  quiet,
  STORE,
  TestDisk,
  until,
  World,
} from "./replica-world.ts";

const OTHER = uuid("99999999-dd20-5274-9050-b5d76d77a9ab");

describe("a connection", () => {
  test("dials again, each time later by chance, and subscribes with its cursor in hand", async () => {
    const world = new World({ random: () => 0.5 });
    const store = await new TestDisk().open();
    const phases: SyncStatus["phase"][] = [];
    world.refusal = new Error("no network");
    const subscription = world.follow(store, { onStatus: ({ phase }) => phases.push(phase) });
    await until(() => world.dials === 1);
    for (const wait of [125, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
      const { dials } = world;
      await world.clock.pass(wait - 1);
      expect(world.dials).toBe(dials);
      await world.clock.pass(1);
      expect(world.dials).toBe(dials + 1);
    }
    expect(subscription.status).toMatchObject({ phase: "offline" });
    expect(subscription.status.error?.code).toBe("TRANSPORT_CLOSED");
    world.refusal = undefined;
    await world.clock.pass(15_000);
    const line = await world.line();
    line.subscribed();
    line.batch([cell("a", 1)], { to: at(1), sums: true });
    line.complete(1);
    await subscription.synced();
    line.break(new SyncError("TRANSPORT_CLOSED", "cut"));
    await until(() => subscription.status.phase === "offline");
    // It had worked, so that the next is soon again.
    await world.clock.pass(125);
    const next = await world.line();
    expect(next.have?.cursor).toEqual(at(1));
    const different = phases.filter((phase, i) => phase !== phases[i - 1]);
    expect(different).toEqual(["offline", "syncing", "live", "offline", "syncing"]);
    expect(subscription.stats().reconnects).toBe(1);
    await subscription.close();
    expect(world.ended).toBe(1);
    expect(world.clock.timers).toBe(0);
    const types = world.events.map(({ type }) => type).filter((type) => type.startsWith("line"));
    expect(types).toEqual(["line-opened", "line-closed", "line-opened", "line-closed"]);
  });

  test("dials at once when the platform wakes, and soon again should that fail", async () => {
    const world = new World({ random: () => 0.5 });
    world.refusal = new Error("no network");
    const subscription = world.follow(await new TestDisk().open());
    await until(() => world.dials === 1);
    await world.clock.pass(125 + 250 + 500 + 1000);
    expect(world.dials).toBe(5);
    for (const wake of world.wakers) wake();
    await until(() => world.dials === 6);
    await world.clock.pass(125);
    expect(world.dials).toBe(7);
    await subscription.close();
    expect([world.wakers.size, world.clock.timers]).toEqual([0, 0]);
  });

  test("shares a line among its stores and a follower among those of one, until the last leaves", async () => {
    const world = new World();
    const disk = new TestDisk();
    const store = await disk.open();
    const connection = world.connection();
    const first = connection.follow(STORE, store, {});
    const second = connection.follow(STORE, store, {});
    const line = await world.line();
    const other = connection.follow(OTHER, store, {});
    expect(connection.size).toBe(3);
    await until(() => line.of("subscribe").length === 2);
    expect(line.of("subscribe").map(({ id }) => id)).toEqual([1, 2]);
    expect(() => connection.follow(STORE, store, { select: 1 })).toThrow(TypeError);
    await first.close();
    expect(line.of("unsubscribe")).toEqual([]);
    await expect(first.synced()).rejects.toMatchObject({ code: "ABORTED" });
    await second.close();
    expect(line.of("unsubscribe")).toEqual([{ type: "unsubscribe", id: 1 }]);
    expect(line.isClosed).toBe(false);
    await other.close();
    expect(line.isClosed).toBe(true);
    expect([world.ended, world.dials]).toEqual([1, 1]);
  });

  test("drops what came on a line that has ended, and subscribes when its writes have settled", async () => {
    const world = new World({ random: () => 0 });
    const disk = new TestDisk();
    const store = await disk.open();
    const { line } = await live(world, store, [cell("a", 1)]);
    let release: () => void = () => undefined;
    disk.beforeCommit = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    line.batch([cell("a", 2)], { from: at(1), to: at(2) });
    await quiet();
    line.batch([cell("a", 3)], { from: at(2), to: at(3) });
    line.break();
    line.batch([cell("a", 4)], { from: at(3), to: at(4) });
    await world.clock.pass(0);
    const next = await world.agreed();
    await quiet();
    // The write of the old line is not over.
    expect(next.of("subscribe")).toEqual([]);
    disk.beforeCommit = undefined;
    release();
    await until(() => next.of("subscribe").length === 1);
    expect(next.have?.cursor).toEqual(at(2));
    expect(await contents(store)).toEqual({ '"a"': "2" });
  });

  test("ends a line on which nothing is heard, and not because it slept itself", async () => {
    const world = new World({ random: () => 0 });
    const subscription = world.follow(await new TestDisk().open());
    const line = await world.line();
    for (let i = 0; i < 10; i++) {
      await world.clock.pass(14_000);
      line.say({ type: "ping" });
    }
    await quiet();
    expect(line.of("pong")).toHaveLength(10);
    world.clock.sleep(100_000);
    await world.clock.pass(16_000);
    expect(line.isClosed).toBe(false);
    line.say({ type: "ping" });
    await world.clock.pass(52_000);
    expect([line.isClosed, line.closeCode]).toEqual([true, "HEARTBEAT_TIMEOUT"]);
    await subscription.close();
  });

  test("ends a line on which nobody says hello, and dials again", async () => {
    const world = new World({ random: () => 0, limits: { helloTimeoutMs: 500 } });
    const subscription = world.follow(await new TestDisk().open());
    await until(() => world.lines.length === 1);
    const [mute] = world.lines;
    await world.clock.pass(499);
    expect(mute?.isClosed).toBe(false);
    await world.clock.pass(1);
    expect([mute?.isClosed, mute?.closeCode]).toEqual([true, "HEARTBEAT_TIMEOUT"]);
    await world.clock.pass(0);
    expect(world.dials).toBe(2);
    await subscription.close();
    expect(world.clock.timers).toBe(0);
  });

  test.each(["UNKNOWN_CODEC", "PROTOCOL_VIOLATION"])(
    "does not dial again over %s",
    async (code) => {
      const world = new World();
      const subscription = world.follow(await new TestDisk().open());
      await until(() => world.lines.length === 1);
      world.lines[0]?.break(new SyncError(code, "no"));
      await expect(subscription.synced()).rejects.toMatchObject({ code });
      await world.clock.pass(100_000);
      expect(world.dials).toBe(1);
      expect(world.ended).toBe(1);
      await subscription.close();
    },
  );

  test("takes no more than its window, and what is late for nobody is no fault", async () => {
    const world = new World({ limits: { windowBytes: 100, maxFrameBytes: 200 } });
    const disk = new TestDisk();
    const connection = world.connection();
    const gone = connection.follow(OTHER, await disk.open(), {});
    const subscription = connection.follow(STORE, await disk.open(), {});
    const line = await world.line();
    await until(() => line.of("subscribe").length === 2);
    await gone.close();
    line.say({ type: "complete", id: 1, cursor: at(1) });
    expect(line.isClosed).toBe(false);
    line.subscribed();
    disk.beforeCommit = () => new Promise(() => undefined);
    for (let i = 0; i < 10 && !line.isClosed; i++) {
      line.batch([node(`n${i}`, "x".repeat(50))]);
      await quiet();
    }
    expect(line.closeCode).toBe("PROTOCOL_VIOLATION");
    expect(line.sent).toBeGreaterThan(3);
    expect(subscription.status.phase).toBe("failed");
  });

  test.each([
    ["subscription that is none", { type: "complete", id: 7, cursor: at(1) }],
    ["replica", { type: "unsubscribe", id: 1 }],
  ] as const)("ends the line over a message for a %s", async (_, message) => {
    const world = new World();
    world.follow(await new TestDisk().open());
    const line = await world.line();
    line.say(message);
    expect(line.closeCode).toBe("PROTOCOL_VIOLATION");
  });
});

describe("acknowledgements", () => {
  test("are for what is durable, few, and one for a quarter of the window at least", async () => {
    const world = new World({ limits: { windowBytes: 4000 } });
    const disk = new TestDisk();
    const store = await disk.open();
    const subscription = world.follow(store);
    const line = await world.line();
    line.subscribed();
    for (let i = 0; i < 40; i++) line.batch([node(`n${i}`, "x".repeat(80))]);
    await line.acked((batches) => batches.at(-1) === 40);
    expect(line.of("ack").length).toBeGreaterThanOrEqual(4);
    expect(line.of("ack").length).toBeLessThan(8);
    const before = line.of("ack").length;
    let release: () => void = () => undefined;
    disk.beforeCommit = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    line.batch([cell("c", 1)], { to: at(1), sums: true });
    line.complete(1);
    await quiet();
    expect(line.of("ack")).toHaveLength(before);
    expect(subscription.status.phase).toBe("syncing");
    release();
    await subscription.synced();
    await line.acked((batches) => batches.at(-1) === 41);
  });

  test("of live steps wait a moment for each other, while little is unacknowledged", async () => {
    const world = new World({ limits: { windowBytes: 4000 } });
    const { line } = await live(world, await new TestDisk().open(), [cell("c", 0)]);
    const commit = async (seq: number, text: string) => {
      line.batch([cell("c", text)], { from: at(seq - 1), to: at(seq) });
      await quiet();
    };
    const acked = () => line.of("ack").map(({ batch }) => batch);
    for (let seq = 2; seq < 6; seq++) await commit(seq, "short");
    expect(acked()).toEqual([1]);
    await world.clock.pass(10);
    expect(acked()).toEqual([1, 5]);
    await commit(6, "x".repeat(1000));
    expect(acked()).toEqual([1, 5, 6]);
    await commit(7, "short");
    line.break();
    await world.clock.pass(100);
    expect(acked()).toEqual([1, 5, 6]);
  });
});

describe("a subscription", () => {
  test("is told again after a while where the primary says so, and fails where it says no", async () => {
    const world = new World();
    const errors: string[] = [];
    const subscription = world.follow(await new TestDisk().open(), {
      onError: ({ code }) => errors.push(code),
    });
    const line = await world.line();
    const failure = { type: "error", message: "later", afterMs: 700 } as const;
    line.say({ ...failure, id: 1, code: "RETRY_LATER", retryable: true });
    await world.clock.pass(699);
    expect(line.of("subscribe")).toHaveLength(1);
    await world.clock.pass(1);
    expect(line.of("subscribe").map(({ id }) => id)).toEqual([1, 2]);
    const synced = subscription.synced();
    line.say({ ...failure, id: 2, code: "STORE_NOT_FOUND", retryable: false });
    await expect(synced).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    await expect(subscription.awaitCursor(at(1))).rejects.toMatchObject({
      code: "STORE_NOT_FOUND",
    });
    expect(errors).toEqual(["RETRY_LATER", "STORE_NOT_FOUND"]);
    expect(line.of("unsubscribe")).toEqual([]);
    expect(subscription.status.phase).toBe("failed");
    await subscription.close();
    expect(subscription.status.phase).toBe("closed");
  });

  test("does not come at once each time, though the primary says so", async () => {
    const world = new World({ random: () => 0.5 });
    const subscription = world.follow(await new TestDisk().open());
    const line = await world.line();
    const failure = {
      type: "error",
      message: "now",
      code: "RETRY_LATER",
      retryable: true,
    } as const;
    const again = (id: number) => line.say({ ...failure, id, afterMs: 0 });
    again(1);
    await world.clock.pass(0);
    for (const [at, wait] of [250, 500, 1000].entries()) {
      again(at + 2);
      await world.clock.pass(wait - 1);
      expect(line.of("subscribe")).toHaveLength(at + 2);
      await world.clock.pass(1);
      expect(line.of("subscribe")).toHaveLength(at + 3);
    }
    await subscription.close();
  });

  test("waits for a cursor of the primary, or of the store that it follows itself", async () => {
    const world = new World();
    const { line, subscription } = await live(world, await new TestDisk().open(), []);
    await subscription.awaitCursor(at(1));
    const got: string[] = [];
    void subscription.awaitCursor(at(3)).then(() => got.push("own"));
    void subscription.awaitCursor(at(30, "o")).then(() => got.push("origin"));
    line.batch([], { from: at(1), to: { ...at(2), origin: at(29, "o") } });
    await quiet();
    expect(got).toEqual([]);
    line.batch([], { from: at(2), to: { ...at(3), origin: at(31, "o") } });
    await until(() => got.length === 2);
    const controller = new AbortController();
    const never = subscription.awaitCursor(at(9), { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(never).rejects.toBe(reason);
    const closed = subscription.awaitCursor(at(9));
    await subscription.close();
    await expect(closed).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("tells how far a step has come", async () => {
    const world = new World();
    const progress: unknown[] = [];
    world.follow(await new TestDisk().open(), { onProgress: (some) => progress.push(some) });
    const line = await world.line();
    const total = { entries: 3, bytes: 99 };
    line.say({ ...SUBSCRIBED, id: line.id, total });
    line.batch([node("a", 1), node("b", 1)]);
    await quiet();
    line.batch([node("c", 1)], { to: at(1) });
    line.complete(1);
    await quiet();
    line.batch([node("d", 1)], { from: at(1), to: at(2) });
    await quiet();
    const receivedBytes = expect.any(Number);
    expect(progress).toEqual([
      { received: 2, receivedBytes, total: 3 },
      { received: 3, receivedBytes, total: 3 },
      { received: 1, receivedBytes, total: undefined },
    ]);
  });

  test("ends with its signal, also while a dialer does not heed it", async () => {
    const world = new World();
    const controller = new AbortController();
    const subscription = world.follow(await new TestDisk().open(), { signal: controller.signal });
    const synced = subscription.synced();
    controller.abort();
    await expect(synced).rejects.toMatchObject({ code: "ABORTED" });
    await subscription.close();
    expect(world.ended).toBe(1);
    await quiet();
    expect(world.lines.filter((line) => !line.isClosed)).toEqual([]);
    const late = { signal: controller.signal };
    const store = await new TestDisk().open();
    expect(() => world.connection().follow(STORE, store, late)).toThrow(controller.signal.reason);
  });

  test("fails where its store does", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line, subscription } = await live(world, store, []);
    await store.close();
    line.batch([cell("a", 1)], { from: at(1), to: at(2) });
    await until(() => subscription.status.phase === "failed");
    expect(subscription.status.error?.code).toBe("STORE_CLOSED");
    await until(() => world.events.at(-1)?.type === "line-closed");
    expect(world.faults).toEqual([]);
  });

  test("cannot follow in a store that keeps no standings", async () => {
    const store = await new TestDisk().open();
    const blind = { ...store, capabilities: { ...store.capabilities, feed: false } };
    expect(() => new World().follow(blind as typeof store)).toThrow(TypeError);
  });

  test.each([
    ["a batch before subscribed", "batch"],
    ["a second subscribed", "subscribed"],
    ["complete before a cut", "complete"],
    ["a batch out of its order", "order"],
  ] as const)("fails over %s", async (_, what) => {
    const world = new World();
    const subscription = world.follow(await new TestDisk().open());
    const line = await world.line();
    if (what === "batch") line.batch([]);
    line.subscribed();
    if (what === "subscribed") line.subscribed();
    if (what === "complete") line.complete(1);
    if (what === "order") line.say({ type: "offer", id: 1, batch: 2, keys: [], whole: false });
    await expect(subscription.synced()).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });
});

const SUBSCRIBED = {
  type: "subscribed",
  era: "e1",
  last: 1,
  plan: "all",
  selection: OTHER,
} as const;
