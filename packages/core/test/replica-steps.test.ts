import { encoded, type Store, type SyncStep } from "@datahike-sync/core";
import { print } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import {
  at,
  CODEC,
  cell,
  contents,
  deleteCell,
  deleteNode,
  live,
  node,
  pointer,
  quiet,
  SELECTION,
  STORE,
  TestDisk,
  until,
  World,
} from "./replica-world.ts";

const NOTHING = { cursor: undefined, selection: undefined, tokens: undefined, position: undefined };

describe("a catch-up", () => {
  test("shows nothing but nodes before its cut, and everything with it, in one commit", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const commits: number[] = [];
    store.onCommit(({ operations }) => commits.push(operations.length));
    const subscription = world.follow(store);
    const line = await world.line();
    expect(line.have).toEqual(NOTHING);
    line.subscribed("all", 4);
    line.batch([node("n1", [1]), cell("c1", 1)], { position: ["p", 1] });
    await line.acked(({ length }) => length === 1);
    expect(await contents(store)).toEqual({ '"n1"': "[1]" });
    expect((await store.standing(STORE))?.position).toEqual(["p", 1]);
    expect(subscription.status).toMatchObject({ phase: "syncing", consistent: false, lag: 4 });
    const rest = [cell("c2", 2), node("n2", [2]), pointer("p", "n2")];
    line.batch(rest, { to: at(4), tokens: ["t"], sums: true });
    line.complete(4);
    expect(await subscription.synced()).toEqual(at(4));
    expect(await contents(store)).toEqual({
      '"n1"': "[1]",
      '"n2"': "[2]",
      '"c1"': "1",
      '"c2"': "2",
      '"p"': '"n2"',
    });
    expect(commits).toEqual([1, 4]);
    const standing = { revision: 2, cursor: at(4), selection: SELECTION, tokens: ["t"] };
    expect(await store.standing(STORE)).toEqual(standing);
    expect(subscription.status).toMatchObject({ phase: "live", consistent: true, lag: 0 });
  });

  test("of each key applies what came last, whatever it was", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [node("a", 1), cell("b", 1), node("c", 1)]);
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    // Deleted and written again, under another value; a cell and then a node; and the other way round.
    line.batch([deleteNode("a"), cell("d", 1), cell("e", 1), node("f", 1), deleteNode("g")]);
    line.batch([node("a", 2), deleteCell("d"), node("e", 2), cell("f", 2), node("g", 3)]);
    line.batch([deleteCell("b"), deleteNode("c")], { from: at(1), to: at(9), sums: true });
    await line.acked(({ length }) => length === 2);
    const shown = { '"a"': "2", '"e"': "2", '"f"': "2", '"g"': "3" };
    expect(await contents(store)).toEqual(shown);
  });

  test("leaves a key as it is shown until the cut, where a node has it that was another", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [node("a", 1), cell("b", 1)], "changes");
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    line.batch([node("a", 2), node("b", 2), node("c", 2)]);
    await line.acked(({ length }) => length === 2);
    expect(await contents(store)).toEqual({ '"a"': "1", '"b"': "1", '"c"': "2" });
    line.batch([], { from: at(1), to: at(2), sums: true });
    await line.acked(({ length }) => length === 3);
    expect(await contents(store)).toEqual({ '"a"': "2", '"b"': "2", '"c"': "2" });
    expect(await store.getMeta("b")).toMatchObject({ immutable: true });
  });

  test("of a store that recycles keeps nodes back that have other bytes, and writes the others", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [node("a", 1), node("b", 1), pointer("p", "a")]);
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    line.batch([node("a", 2), node("b", 1), node("c", 1)], { mode: "recycled" });
    await line.acked(({ length }) => length === 2);
    expect(await contents(store)).toMatchObject({ '"a"': "1", '"c"': "1" });
    // Written again before the cut, as it is here: then there is nothing to replace.
    line.batch([node("c", 2), node("a", 1)], { mode: "recycled" });
    line.batch([pointer("p", "c")], { from: at(1), to: at(2), sums: true });
    await line.acked(({ length }) => length === 3);
    expect(await contents(store)).toEqual({ '"a"': "1", '"b"': "1", '"c"': "2", '"p"': '"c"' });
  });

  test("shows cells early where the primary says so and nothing is shown yet", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const seen: string[] = [];
    const steps: SyncStep[] = [];
    const subscription = world.follow(store, { onStep: (step) => steps.push(step) });
    for (const key of ["a", "b", "c"]) {
      subscription.onKey(key, ({ value }) =>
        seen.push(`${key}=${value === undefined ? "gone" : print(value)}`),
      );
    }
    const line = await world.line();
    line.subscribed("all");
    line.batch([cell("a", 1), cell("b", 1)], { mode: "early", position: 1 });
    await line.acked(({ length }) => length === 1);
    expect(await contents(store)).toEqual({ '"a"': "1", '"b"': "1" });
    expect(subscription.status.consistent).toBe(false);
    line.batch([deleteCell("a"), cell("b", 2)], { mode: "early", position: 2 });
    await line.acked(({ length }) => length === 2);
    expect(await contents(store)).toEqual({ '"a"': "1", '"b"': "2" });
    expect(seen).toEqual([]);
    line.batch([cell("c", 1)], { to: at(7), sums: true });
    line.complete(7);
    await subscription.synced();
    expect(await contents(store)).toEqual({ '"b"': "2", '"c"': "1" });
    expect(subscription.status.consistent).toBe(true);
    expect(seen.toSorted()).toEqual(["a=gone", "b=2", "c=1"]);
    expect(steps.map(({ operations }) => operations.map(({ key }) => key))).toEqual([
      ["b", "c", "a"],
    ]);
    // In a store that shows something, it would be seen.
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    line.batch([cell("c", 2)], { mode: "early" });
    await line.acked((batches) => batches.at(-1) === line.sent);
    expect(await store.get("c")).toBe(1);
  });

  test("tells of cells that came early also where all of them came with the end", async () => {
    const world = new World();
    const steps: SyncStep[] = [];
    const store = await new TestDisk().open();
    const subscription = world.follow(store, { onStep: (step) => steps.push(step) });
    const line = await world.line();
    line.subscribed("all");
    line.batch([cell("a", 1), node("b", 1)], { mode: "early", to: at(7), sums: true });
    line.complete(7);
    await subscription.synced();
    expect(steps.map(({ operations }) => operations.map(({ key }) => key))).toEqual([["a"]]);
  });

  test("tells at its end of all that it brought, where the store has no feed to say what changed", async () => {
    const world = new World();
    const whole = await new TestDisk().open();
    await whole.set("own", 1);
    const store = withoutFeed(whole);
    const steps: SyncStep[] = [];
    const subscription = world.follow(store, { onStep: (step) => steps.push(step) });
    const line = await world.line();
    line.subscribed("all");
    line.batch([node("n", 1), cell("a", 1), cell("b", 1)], { mode: "early" });
    await line.acked(({ length }) => length === 1);
    expect(await contents(store)).toMatchObject({ '"a"': "1", '"b"': "1" });
    line.batch([cell("b", 2), pointer("p", "n")], { to: at(7), sums: true });
    line.complete(7);
    await subscription.synced();
    const told = steps.map(({ operations }) => operations.map(({ key }) => key));
    expect(told.map((keys) => new Set(keys))).toEqual([new Set(["a", "b", "p"])]);
    line.batch([cell("b", 3)], { from: at(7), to: at(8) });
    await until(() => steps.length === 2);
    expect(steps[1]?.operations.map(({ key }) => key)).toEqual(["b"]);
  });

  test("puts large values together from their parts", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const subscription = world.follow(store);
    const line = await world.line();
    line.subscribed();
    const bytes = CODEC.encode("a long value");
    const part = (offset: number, end?: number) =>
      ({ op: "part", key: "n", offset, bytes: bytes.subarray(offset, end) }) as const;
    line.batch([part(0, 2)]);
    // The primary began it again.
    line.batch([part(0, 4), part(4, 9)]);
    const set = { ...node("n", 0), value: undefined };
    const whole = { ...set, value: encoded(CODEC, bytes) };
    line.batch([part(9), set], { to: at(1), sums: true, counted: [whole] });
    line.complete(1);
    await subscription.synced();
    expect(await store.get("n")).toBe("a long value");
  });

  test.each([
    ["not at its place", { op: "part", key: "n", offset: 3, bytes: new Uint8Array(2) }],
    ["without bytes", { op: "part", key: "n", offset: 0, bytes: new Uint8Array(0) }],
    ["that is missing", { ...node("n", 0), value: undefined }],
  ] as const)("fails over a part %s", async (_, operation) => {
    const world = new World();
    const subscription = world.follow(await new TestDisk().open());
    const line = await world.line();
    line.subscribed();
    line.batch([operation]);
    await expect(subscription.synced()).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(line.of("unsubscribe")).toHaveLength(1);
  });

  test("fails over a value larger than it takes", async () => {
    const world = new World({ limits: { maxValueBytes: 5 } });
    const subscription = world.follow(await new TestDisk().open());
    const line = await world.line();
    line.subscribed();
    line.batch([{ op: "part", key: "n", offset: 0, bytes: new Uint8Array(6) }]);
    const error = { code: "LIMIT_EXCEEDED", details: { limit: "maxValueBytes", max: 5 } };
    await expect(subscription.synced()).rejects.toMatchObject(error);
    expect(subscription.status).toMatchObject({ phase: "failed", error });
  });

  test("that arrived damaged is asked for again once, having shown nothing, and then fails", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const errors: string[] = [];
    const subscription = world.follow(store, { onError: ({ code }) => errors.push(code) });
    const line = await world.line();
    line.subscribed();
    line.batch([node("n", 1), cell("c", 1)], { to: at(1), count: 3 });
    await until(() => line.of("subscribe").length === 2);
    expect(line.of("unsubscribe")).toEqual([{ type: "unsubscribe", id: 1 }]);
    expect(await contents(store)).toEqual({});
    line.subscribed();
    line.batch([cell("c", 1)], { to: at(1), count: 1, fingerprint: 5n });
    await expect(subscription.synced()).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    expect(errors).toEqual(["CHECKSUM_MISMATCH", "CHECKSUM_MISMATCH"]);
    expect(await contents(store)).toEqual({});
  });

  test("is void after a resync, which changes nothing that is shown", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line, subscription } = await live(world, store, [cell("a", 1)]);
    line.batch([cell("a", 2), cell("b", 2)]);
    line.say({ type: "resync", id: line.id, reason: "SLOW_REPLICA" });
    line.resetSums();
    await until(() => subscription.status.phase === "syncing");
    line.batch([cell("a", 3)], { from: at(1), to: at(8), sums: true });
    await until(() => subscription.status.phase === "live");
    expect(await contents(store)).toEqual({ '"a"': "3" });
    expect(subscription.stats().resyncs).toBe(1);
  });

  test("stores no position behind a node that it has to keep back", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [node("a", 1), cell("c", 1)], "changes");
    line.say({ type: "resync", id: line.id, reason: "FEED_TRUNCATED" });
    line.resetSums();
    line.batch([node("b", 1)], { position: 1 });
    await line.acked(({ length }) => length === 2);
    expect((await store.standing(STORE))?.position).toBe(1);
    // Who resumed from 2 would not be sent it again.
    line.batch([node("a", 2), node("d", 1)], { position: 2 });
    await line.acked(({ length }) => length === 3);
    line.batch([node("e", 1)], { position: 3 });
    await line.acked(({ length }) => length === 4);
    expect(await contents(store)).toMatchObject({ '"a"': "1", '"d"': "1", '"e"': "1" });
    expect((await store.standing(STORE))?.position).toBe(1);
  });

  test("that resumes tells where it stood, position included, with the nodes that it has", async () => {
    const world = new World();
    const disk = new TestDisk();
    const first = world.follow(await disk.open());
    const line = await world.line();
    line.subscribed("diff");
    line.batch([node("n", 1), cell("c", 1)], { position: ["walk", 1] });
    await line.acked(({ length }) => length === 1);
    await first.close();
    const store = await disk.open();
    const second = world.follow(store);
    const next = await world.line();
    expect(next.have).toEqual({ ...NOTHING, position: ["walk", 1] });
    next.subscribed("diff");
    next.batch([cell("c", 1)], { to: at(3), sums: true });
    next.complete(3);
    await second.synced();
    expect(await contents(store)).toEqual({ '"n"': "1", '"c"': "1" });
    expect((await store.standing(STORE))?.position).toBeUndefined();
  });
});

describe("live steps", () => {
  test("that wait together are one commit, and each key is told once", async () => {
    const world = new World();
    const disk = new TestDisk();
    const store = await disk.open();
    const { line, subscription } = await live(world, store, [cell("a", 0)]);
    const seqs: number[] = [];
    store.onCommit(({ cursor }) => seqs.push(cursor.seq));
    const told: unknown[] = [];
    subscription.onKey("a", ({ value, cursor }) => told.push([value, cursor.seq]));
    for (let seq = 2; seq <= 40; seq++) {
      line.batch([cell("a", seq), node(`n${seq}`, seq)], { from: at(seq - 1), to: at(seq) });
    }
    await line.acked((batches) => batches.at(-1) === 40);
    expect(seqs).toHaveLength(1);
    expect(told).toEqual([[40, 40]]);
    expect(line.of("ack")).toHaveLength(2);
    expect(await store.get("n2")).toBe(2);
    expect(subscription.stats()).toMatchObject({ steps: 40, commits: 2 });
  });

  test("of several batches show nothing but nodes before the last", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [cell("a", 1)]);
    line.batch([cell("a", 2)], { from: at(1), to: at(2) });
    line.batch([node("n", 1), cell("a", 3), cell("b", 3)]);
    await line.acked(({ length }) => length === 2);
    expect(await contents(store)).toEqual({ '"a"': "2", '"n"': "1" });
    expect((await store.standing(STORE))?.cursor).toEqual(at(2));
    line.batch([deleteNode("n")], { from: at(2), to: at(3) });
    line.batch([cell("b", 4)], { from: at(3), to: at(4) });
    await line.acked(({ length }) => length === 3);
    expect(await contents(store)).toEqual({ '"a"': "3", '"b"': "4" });
  });

  test("keep the tokens where they move no pointer", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [pointer("p", 1)]);
    line.batch([pointer("p", 2)], { from: at(1), to: at(2), tokens: ["t2"] });
    line.batch([], { from: at(2), to: { ...at(5), origin: at(77, "o") } });
    await line.acked(({ length }) => length === 2);
    const cursor = { ...at(5), origin: at(77, "o") };
    expect(await store.standing(STORE)).toMatchObject({ cursor, tokens: ["t2"] });
  });

  test("that do not continue what is here begin the subscription anew", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [cell("a", 1)]);
    line.batch([cell("a", 2)], { from: at(1), to: at(2) });
    line.batch([cell("a", 4)], { from: at(3), to: at(4) });
    await until(() => line.of("unsubscribe").length === 1);
    expect(await contents(store)).toEqual({ '"a"': "2" });
    await world.clock.pass(999);
    expect(line.of("subscribe")).toHaveLength(1);
    await world.clock.pass(1);
    expect(line.of("subscribe").at(-1)).toMatchObject({ id: 2, have: { cursor: at(2) } });
  });

  test("that come from nowhere are a violation", async () => {
    const world = new World();
    const { line, subscription } = await live(world, await new TestDisk().open(), []);
    line.batch([cell("a", 4)], { to: at(4) });
    await until(() => subscription.status.phase === "failed");
    expect(subscription.status.error?.code).toBe("PROTOCOL_VIOLATION");
  });

  test("tell what they changed: no nodes, no echoes, nothing that is not theirs", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    await store.set("mine", "own");
    const errors: string[] = [];
    const { line, subscription } = await live(world, store, [cell("a", 1), cell("b", 1)]);
    const steps: SyncStep[] = [];
    const stop = subscription.on({
      onStep: (step) => steps.push(step),
      onError: ({ code }) => errors.push(code),
    });
    for (const seq of [2, 3]) {
      const changed = [node(`n${seq}`, 1), cell("a", 1), cell("b", seq), cell("mine", seq)];
      line.batch([...changed, deleteCell("none")], { from: at(seq - 1), to: at(seq) });
      await line.acked(({ length }) => length === seq);
    }
    expect(steps.map(({ cursor }) => cursor.seq)).toEqual([2, 3]);
    expect(steps.map(({ operations }) => operations.map(({ key }) => key))).toEqual([["b"], ["b"]]);
    expect(errors).toEqual(["KEY_IS_LOCAL"]);
    expect(world.events.filter(({ type }) => type === "key-is-local")).toHaveLength(1);
    expect(subscription.status.skipped).toBe(1);
    expect(await store.get("mine")).toBe("own");
    stop();
    line.batch([cell("a", 9)], { from: at(3), to: at(4) });
    await line.acked(({ length }) => length === 4);
    expect(steps).toHaveLength(2);
  });
});

describe("offers", () => {
  test("are answered with what is missing, and what a whole step does not name goes", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    await store.set("mine", 1);
    const before = [node("a", 1), node("b", 1), node("pinned", 1), cell("q", 1), pointer("p", 1)];
    const { line } = await live(world, store, before);
    store.pin(["pinned"]);
    line.say({ type: "resync", id: line.id, reason: "ERA_UNKNOWN" });
    line.resetSums();
    line.offer(["a", "c"]);
    line.offer(["d"]);
    await until(() => line.of("need").length === 2);
    expect(line.of("need").map(({ keys }) => keys)).toEqual([["c"], ["d"]]);
    line.batch([node("c", 1), node("d", 1)]);
    line.batch([pointer("p", 2)], { to: at(1, "e2"), sums: true });
    await line.acked((batches) => batches.at(-1) === 5);
    const shown = { '"a"': "1", '"c"': "1", '"d"': "1", '"p"': "2", '"mine"': "1" };
    expect(await contents(store)).toEqual({ ...shown, '"pinned"': "1" });
    // The next step is not whole by itself.
    line.batch([cell("x", 1)], { from: at(1, "e2"), to: at(2, "e2") });
    await line.acked((batches) => batches.at(-1) === 6);
    expect(await contents(store)).toMatchObject(shown);
  });

  test("that are not whole delete nothing", async () => {
    const world = new World();
    const store = await new TestDisk().open();
    const { line } = await live(world, store, [node("a", 1), node("b", 1)]);
    line.say({ type: "resync", id: line.id, reason: "ERA_UNKNOWN" });
    line.resetSums();
    line.offer(["a"], false);
    line.batch([pointer("p", 2)], { to: at(2), sums: true });
    await line.acked((batches) => batches.at(-1) === 3);
    expect(await contents(store)).toEqual({ '"a"': "1", '"b"': "1", '"p"': "2" });
    await quiet();
  });
});

/** The same store, as one that keeps standings and no feed. */
function withoutFeed(store: Store): Store {
  const capabilities = { ...store.capabilities, feed: false, standings: true };
  const changes = () => Promise.reject(new TypeError("there is no feed"));
  return new Proxy(store, {
    get(_, name) {
      if (name === "capabilities") return capabilities;
      if (name === "changes") return changes;
      const value: unknown = Reflect.get(store, name);
      return typeof value === "function" ? value.bind(store) : value;
    },
  });
}
