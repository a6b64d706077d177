import { type Clock, SYSTEM_CLOCK } from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, EdnMap, EdnSet, equals, isKind, keyword, uuid } from "@datahike-sync/edn";
import type { MemoryStore } from "@datahike-sync/store-memory";
import {
  type Following,
  type FollowLimits,
  follow,
  itemOf,
  type KabelPeer,
  PUBSUB_DIALECT,
  SYNC_DIALECT,
  type TopicDialect,
} from "@datahike-sync/transport-kabel";
import { describe, expect, test } from "vitest";
import { DB, ends, openStore, until } from "./follow-ends.ts";
import { BRANCHES, forestWalker } from "./forest-walker.ts";
import { Hand } from "./hand.ts";

const TOPIC = uuid("a0000000-0000-0000-0000-00000000000a");
const FEATURE: Edn = keyword("feature");
const node = (n: number) => uuid(`b0000000-0000-0000-0000-${String(n).padStart(12, "0")}`);
const head = (version: number, ...roots: number[]): Edn => ["head", version, ...roots.map(node)];
const branches = (...names: string[]): Edn => new EdnSet(names.map((name) => keyword(name)));
/** A root and its leaf. */
const tree = (root: number, leaf: number): [Edn, Edn][] => [
  [node(leaf), "leaf"],
  [node(root), [node(leaf)]],
];

interface Stage {
  readonly following: Following;
  readonly store: MemoryStore;
  readonly peer: KabelPeer;
  readonly errors: string[];
  /** The server's end of the next line. */
  readonly hand: () => Promise<Hand>;
}

async function stage(
  options: {
    dialect?: TopicDialect;
    limits?: Partial<FollowLimits>;
    plain?: boolean;
    store?: MemoryStore;
    clock?: Clock;
    random?: () => number;
  } = {},
): Promise<Stage> {
  const { dialect = PUBSUB_DIALECT, limits, plain = false, clock, random } = options;
  const { peer, server, next } = ends({ random });
  const store = options.store ?? (await openStore());
  const errors: string[] = [];
  const following = follow(peer.link(server.dial), TOPIC, store, {
    dialect,
    limits,
    clock,
    walker: plain ? undefined : forestWalker(),
    onError: ({ code }) => errors.push(code),
  });
  return {
    following,
    store,
    peer,
    errors,
    hand: async () => new Hand(await next(), ednCodec(), dialect, TOPIC),
  };
}

describe.each([PUBSUB_DIALECT, SYNC_DIALECT])("in the words of $name", (dialect) => {
  test("a head is shown when what it reaches is here, and not before", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    await far.answer([...tree(1, 2), [BRANCHES, branches("db")], [DB, head(1, 1)]]);
    await following.synced();
    expect(await store.get(DB)).toEqual(head(1, 1));
    // The head first, as servers of 2025 may send it, its root before its leaf.
    await far.publish(DB, head(2, 3));
    await far.publish(node(3), [node(4)]);
    await until(() => store.has(node(3)));
    expect(await store.get(DB)).toEqual(head(1, 1));
    await far.publish(node(4), "leaf");
    await until(async () => ((await store.get(DB)) as Edn[])[1] === 2);
  });

  test("an item that was read late waits for the publications of what it reaches", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    // The server walked version 1, and read the head when it was at version 2.
    await far.answer([...tree(1, 2), [BRANCHES, branches("db")], [DB, head(2, 3)]]);
    for (const [key, value] of tree(3, 4)) {
      expect(following.status.phase).toBe("syncing");
      expect(await store.has(DB)).toBe(false);
      await far.publish(key, value);
    }
    await following.synced();
    expect(await store.get(DB)).toEqual(head(2, 3));
  });

  test("a publication wins over the item of its key that was read before", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    await far.hears("subscribe");
    await far.item("a", 1);
    await far.publish("b", "new");
    await far.remove("c");
    await far.item("b", "old");
    await far.item("c", "old");
    await far.endBatch(3);
    await far.complete();
    await following.synced();
    expect([await store.get("a"), await store.get("b"), await store.get("c")]).toEqual([
      1,
      "new",
      undefined,
    ]);
  });

  test("when the gate stays shut the handshake is made again", async () => {
    const { following, store, hand, errors } = await stage({
      dialect,
      limits: { gateTimeoutMs: 20 },
    });
    const far = await hand();
    await far.answer([...tree(1, 2), [BRANCHES, branches("db")], [DB, head(2, 3)]]);
    await far.answer([...tree(3, 4), [BRANCHES, branches("db")], [DB, head(3, 3)]]);
    await following.synced();
    expect(await store.get(DB)).toEqual(head(3, 3));
    expect(errors).toEqual(["NODE_MISSING"]);
  });

  test("the pauses grow while the gate stays shut, and are short again once it has opened", async () => {
    const expected = [225, 450, 900, 1800, 3600];
    const pauses: number[] = [];
    const clock: Clock = {
      now: () => SYSTEM_CLOCK.now(),
      after: (delayMs, callback) => {
        const isPause = expected.includes(delayMs);
        if (isPause) pauses.push(delayMs);
        return SYSTEM_CLOCK.after(isPause ? 0 : delayMs, callback);
      },
    };
    const { following, hand } = await stage({
      dialect,
      clock,
      random: () => 0.9,
      limits: { gateTimeoutMs: 1 },
    });
    const far = await hand();
    const shut: [Edn, Edn][] = [
      [BRANCHES, branches("db")],
      [DB, head(1, 1)],
    ];
    for (const _ of expected) await far.answer(shut);
    await far.answer([...tree(1, 2), ...shut]);
    await following.synced();
    expect(pauses).toEqual(expected);
    await far.publish(DB, head(2, 3));
    await far.answer([...tree(3, 4), ...shut]);
    expect(pauses).toEqual([...expected, 225]);
  });

  test("nodes are reported as held until the end of time, and nothing else is", async () => {
    const { following, hand } = await stage({ dialect });
    const far = await hand();
    await far.answer([...tree(1, 2), [BRANCHES, branches("db")], [DB, head(1, 1)], ["cell", 1]]);
    await following.synced();
    await far.line.close();
    const again = await hand();
    const { topics } = await again.hears("subscribe");
    const [{ topic, state } = { topic: null, state: null }] = topics;
    expect(topic).toEqual(TOPIC);
    const last = new Date("9999-12-31T00:00:00Z");
    const nodes = new EdnMap([
      [node(1), last],
      [node(2), last],
    ]);
    expect(equals(state, nodes)).toBe(true);
  });

  test("a head that the branches no longer name is deleted, other cells are counted", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    await far.answer([
      ...tree(1, 2),
      [BRANCHES, branches("db", "feature")],
      [DB, head(1, 1)],
      [FEATURE, head(1, 1)],
      ["cell", 1],
      ["other", 1],
    ]);
    await following.synced();
    await far.line.close();
    const again = await hand();
    await again.answer([
      [BRANCHES, branches("db")],
      [DB, head(2, 1)],
      ["other", 2],
    ]);
    await until(() => following.status.unconfirmed === 1);
    expect(await store.has(FEATURE)).toBe(false);
    expect(await store.get("cell")).toBe(1);
  });

  test("branches do not show before the heads that they name", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    await far.answer([...tree(1, 2), [BRANCHES, branches("db", "feature")], [DB, head(1, 1)]]);
    await far.publish(node(3), "leaf");
    await until(() => store.has(node(3)));
    expect(await store.has(BRANCHES)).toBe(false);
    await far.publish(FEATURE, head(1, 1));
    await following.synced();
    expect(await store.get(FEATURE)).toEqual(head(1, 1));
  });

  test("a handshake that was cut short deletes nothing", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    const all: [Edn, Edn][] = [
      ...tree(1, 2),
      [BRANCHES, branches("db", "feature")],
      [DB, head(1, 1)],
      [FEATURE, head(1, 1)],
    ];
    await far.answer(all);
    await following.synced();
    await far.line.close();
    const again = await hand();
    await again.answer([]);
    await until(() => following.status.unconfirmed === 3);
    await again.line.close();
    const third = await hand();
    await third.answer([[BRANCHES, branches("db", "feature")]]);
    await until(() => following.status.unconfirmed === 2);
    expect(await store.get(FEATURE)).toEqual(head(1, 1));
    expect(following.status.phase).toBe("live");
  });

  test("a value of nil is one, and a batch of nothing is acknowledged", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    await far.hears("subscribe");
    await far.item("nothing", null);
    await far.endBatch(1);
    await far.endBatch(0);
    await far.complete();
    await following.synced();
    expect(await store.get("nothing")).toBe(null);
  });

  test("what this store wrote for itself is left alone and counted", async () => {
    const { following, store, hand } = await stage({ dialect });
    await store.set("mine", "here");
    const far = await hand();
    await far.answer([
      ["mine", "there"],
      ["theirs", 1],
    ]);
    await following.synced();
    expect(await store.get("mine")).toBe("here");
    await far.remove("mine");
    await far.publish("theirs", 2);
    await until(async () => (await store.get("theirs")) === 2);
    expect(await store.get("mine")).toBe("here");
    expect(following.status.skipped).toBe(1);
  });

  test("a node is deleted when nothing reaches it any more, and not before", async () => {
    const { following, store, hand } = await stage({ dialect, limits: { sweepMs: 10 } });
    const far = await hand();
    await far.answer([...tree(1, 2), [BRANCHES, branches("db")], [DB, head(1, 1)]]);
    await following.synced();
    for (const [key, value] of tree(3, 4)) await far.publish(key, value);
    await far.publish(DB, head(2, 3));
    await far.remove(node(1));
    await far.remove(node(4));
    await until(async () => !(await store.has(node(1))));
    expect(await store.has(node(2))).toBe(true);
    expect(await store.has(node(4))).toBe(true);
  });

  test("a node that this store has lost comes again with the next handshake", async () => {
    const { following, store, hand, errors } = await stage({ dialect, limits: { sweepMs: 5 } });
    const far = await hand();
    const entries: [Edn, Edn][] = [...tree(1, 2), [BRANCHES, branches("db")], [DB, head(1, 1)]];
    await far.answer(entries);
    await following.synced();
    const { revision = 0, ...now } = (await store.standing(TOPIC)) ?? {};
    await store.write([{ op: "delete", key: node(1) }], {
      standing: { storeId: TOPIC, was: revision, now },
    });
    await far.remove(node(9));
    await far.answer(entries);
    await until(() => store.has(node(1)));
    expect(errors).toEqual(["NODE_MISSING"]);
  });

  test("where addresses are used again nothing is taken to be held, and it says so", async () => {
    const { peer, server, next } = ends();
    const store = await openStore();
    const walker = { ...forestWalker(), recycles: () => true };
    const following = follow(peer.link(server.dial), TOPIC, store, { dialect, walker });
    const entries: [Edn, Edn][] = [...tree(1, 2), [BRANCHES, branches("db")], [DB, head(1, 1)]];
    const far = new Hand(await next(), ednCodec(), dialect, TOPIC);
    await far.answer(entries);
    await following.synced();
    expect(following.status.consistent).toBe(false);
    await far.line.close();
    const again = new Hand(await next(), ednCodec(), dialect, TOPIC);
    const [request] = [await again.hears("subscribe")];
    expect(request.topics.map(({ state }) => state)).toEqual([new EdnMap()]);
    await again.publish(node(2), "another leaf");
    await until(async () => (await store.get(node(2))) === "another leaf");
  });

  test("two openers of a store follow one server without a word to each other", async () => {
    const store = await openStore();
    const a = await stage({ dialect, store, limits: { stillMs: 5 } });
    const b = await stage({ dialect, store, limits: { stillMs: 5 } });
    const [far, near] = [await a.hand(), await b.hand()];
    const entries: [Edn, Edn][] = [...tree(1, 2), [BRANCHES, branches("db")], [DB, head(1, 1)]];
    await Promise.all([far.answer(entries), near.answer(entries)]);
    await until(() => a.following.status.phase === "live" && b.following.status.phase === "live");
    // One of them is behind: what it shows last has to be what the server says now.
    await far.publish(DB, head(3, 1));
    await until(async () => ((await store.get(DB)) as Edn[])[1] === 3);
    await near.publish(DB, head(2, 1));
    await near.answer([
      [BRANCHES, branches("db")],
      [DB, head(3, 1)],
    ]);
    await until(() => b.following.status.phase === "live");
    expect(await store.get(DB)).toEqual(head(3, 1));
  });

  test("who is behind another opener stays so, though a step of his is shown already", async () => {
    const store = await openStore();
    const a = await stage({ dialect, store, limits: { stillMs: 5 } });
    const b = await stage({ dialect, store, limits: { stillMs: 5 } });
    const [far, near] = [await a.hand(), await b.hand()];
    await Promise.all([far.answer([["x", 0]]), near.answer([["x", 0]])]);
    await until(() => a.following.status.phase === "live" && b.following.status.phase === "live");
    for (const [key, value] of [
      ["x", 1],
      ["y", 1],
      ["y", 2],
    ] as const)
      await far.publish(key, value);
    await until(async () => (await store.get("y")) === 2);
    await near.publish("x", 1);
    await until(() => b.following.status.cursor?.seq === a.following.status.cursor?.seq);
    await near.publish("y", 1);
    await near.answer([
      ["x", 1],
      ["y", 2],
    ]);
    await until(() => b.following.status.phase === "live");
    expect(await store.get("y")).toBe(2);
  });

  test("what one opener shows early another, who is behind, does not take back", async () => {
    const store = await openStore();
    const limits = { stillMs: 5, maxKeptBytes: 500 };
    const a = await stage({ dialect, store, limits });
    const b = await stage({ dialect, store, limits });
    const [far, near] = [await a.hand(), await b.hand()];
    await Promise.all([far.hears("subscribe"), near.hears("subscribe")]);
    await far.item("cell", [2, "x".repeat(500)]);
    await until(() => store.has("cell"));
    await near.item("cell", [1, "x".repeat(500)]);
    await near.item("other", 1);
    await near.endBatch(2);
    await near.complete();
    // It was behind: the handshake is made again, and the rest of the first is not told to have been all.
    const entries: [Edn, Edn][] = [
      ["cell", [2, "x".repeat(500)]],
      ["other", 1],
    ];
    await near.answer(entries);
    await b.following.synced();
    expect(((await store.get("cell")) as Edn[])[0]).toBe(2);
    expect(b.following.status.consistent).toBe(true);
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test("plain cells beyond what is kept back show early, and it says so", async () => {
    const { following, store, hand } = await stage({ dialect, limits: { maxKeptBytes: 500 } });
    const far = await hand();
    await far.hears("subscribe");
    for (let i = 0; i < 10; i++) await far.item(`cell ${i}`, "x".repeat(40));
    await far.item(BRANCHES, branches("db"));
    await until(() => store.has("cell 1"));
    expect(following.status.consistent).toBe(false);
    expect(await store.has(BRANCHES)).toBe(false);
    for (const [key, value] of tree(1, 2)) await far.item(key, value);
    await far.item(DB, head(1, 1));
    await far.endBatch(14);
    await far.complete();
    await following.synced();
    expect(following.status.consistent).toBe(true);
    expect(await store.has("cell 9")).toBe(true);
  });

  test("what is no entry ends it as a violation", async () => {
    const { following, hand } = await stage({ dialect });
    const far = await hand();
    await far.hears("subscribe");
    await far.publish(null, 1);
    await expect(following.synced()).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(await far.closed).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  test("a server that falls silent is given up, and says what it did not do", async () => {
    const { following, hand, errors } = await stage({ dialect, limits: { stallTimeoutMs: 30 } });
    const far = await hand();
    await far.hears("subscribe");
    await far.item("a", 1);
    await far.closed;
    const again = await hand();
    await again.answer([["a", 1]]);
    await following.synced();
    expect(errors).toEqual(["ACK_TIMEOUT"]);
  });

  test("publications do not make up for a handshake that does not go on", async () => {
    const { hand } = await stage({ dialect, limits: { stallTimeoutMs: 30 } });
    const far = await hand();
    await far.hears("subscribe");
    while (far.line.state === "open") {
      await far.publish("a", 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await far.closed).toMatchObject({ code: "ACK_TIMEOUT" });
  });

  test("closing it ends a handshake, and what waits for it", async () => {
    const { following, store, hand } = await stage({ dialect });
    const far = await hand();
    await far.hears("subscribe");
    await far.item("a", 1);
    const synced = following.synced();
    await following.close();
    await expect(synced).rejects.toMatchObject({ code: "ABORTED" });
    expect(following.status.phase).toBe("closed");
    expect(await store.has("a")).toBe(false);
  });
});

describe("in the words of 2026", () => {
  test("an acknowledgement that was lost is sent again", async () => {
    const { following, hand } = await stage();
    const far = await hand();
    await far.hears("subscribe");
    await far.item("a", 1);
    await far.endBatch(1);
    // The first was heard before the server listened.
    expect(await far.hears("ack")).toMatchObject({ batch: 0 });
    await far.complete();
    await following.synced();
  });

  test("a publication does not keep back an acknowledgement", async () => {
    const { following, hand } = await stage();
    const far = await hand();
    await far.hears("subscribe");
    await far.item("a", 1);
    const acknowledged = far.endBatch(1);
    await far.publish("b", 1);
    await acknowledged;
    await far.publish("b", 2);
    // The first may have been lost, and the publication does not say that it was not.
    expect(await far.hears("ack")).toMatchObject({ batch: 0 });
    await far.complete();
    await following.synced();
  });

  test("a handshake that the server gave up without a word is made again", async () => {
    const { following, hand, errors } = await stage();
    const far = await hand();
    const { id } = await far.hears("subscribe");
    await far.item("a", 1);
    await far.say({ type: "subscribed", id, topics: [] });
    await far.answer([["a", 2]]);
    await following.synced();
    expect(errors).toEqual(["ACK_TIMEOUT"]);
  });

  test("what was published in a handshake that was given up may be old, or gone, by the next", async () => {
    const { following, store, hand } = await stage();
    const far = await hand();
    const { id } = await far.hears("subscribe");
    await far.item("first", 1);
    await far.publish("a", "old");
    await far.publish("gone", 1);
    await far.remove("first");
    await far.say({ type: "subscribed", id, topics: [] });
    // A server without subscribers tells whoever is there; with the next one it tells nobody else.
    await until(() => following.status.phase === "syncing");
    await far.hears("subscribe");
    await far.publish("b", "old");
    await far.item("a", "new");
    await far.item("b", "new");
    await far.endBatch(2);
    await far.complete();
    await far.answer([
      ["a", "new"],
      ["b", "new"],
    ]);
    await following.synced();
    expect(await store.get("a")).toBe("new");
    expect(await store.get("b")).toBe("new");
    expect(await store.has("gone")).toBe(false);
    expect(await store.has("first")).toBe(false);
  });

  test("a live commit that is too much to be kept back is a step in the end", async () => {
    const { following, store, hand } = await stage({ limits: { maxKeptBytes: 1000 }, plain: true });
    const far = await hand();
    await far.answer([["a", 1]]);
    const { seq } = await following.synced();
    await far.publish("b", "long ".repeat(1000));
    await until(() => following.status.cursor?.seq === seq + 1);
    expect(following.status.consistent).toBe(true);
    expect(await store.has("b")).toBe(true);
  });

  test("a step that another opener has begun and left is brought to an end", async () => {
    const { following, store, hand, errors } = await stage({ limits: { stillMs: 5 } });
    const far = await hand();
    await far.answer([["a", 1]]);
    await following.synced();
    const { revision: was = 0, ...now } = (await store.standing(TOPIC)) ?? {};
    await store.write([{ op: "set", key: "b", value: 2 }], {
      standing: { storeId: TOPIC, was, now: { ...now, position: "begun" } },
    });
    // Whatever makes it look: it is not told of what others write.
    await far.publish(node(1), "leaf");
    await far.answer([
      ["a", 1],
      ["b", 2],
    ]);
    await until(() => following.status.phase === "live" && following.status.consistent);
    expect((await store.standing(TOPIC))?.position).toBeUndefined();
    expect(errors).toContain("CURSOR_MOVED");
  });

  test("what may have been published for others, and no item mentions, does not show unless it comes again", async () => {
    const { following, store, hand } = await stage();
    const far = await hand();
    await far.hears("subscribe");
    // Before anything that only subscribers get: one is gone before the server walks, one comes after its walk.
    await far.publish("gone", 1);
    await far.publish("new", 1);
    await far.publish("same", 1);
    await far.item("same", 1);
    await far.endBatch(1);
    await far.complete();
    await far.answer([
      ["new", 1],
      ["same", 1],
    ]);
    await following.synced();
    expect(await store.has("gone")).toBe(false);
    expect(await store.getMany(["new", "same"])).toEqual([1, 1]);
    await far.publish("gone", 2);
    await until(async () => (await store.get("gone")) === 2);
  });

  test.each([
    ["Topic not registered", "STORE_NOT_FOUND"],
    ["Not authorized", "UNAUTHORIZED"],
    ["Something else", "REMOTE_ERROR"],
  ])("a server that says %s is told as %s", async (error, code) => {
    const { following, hand } = await stage();
    const far = await hand();
    const { id } = await far.hears("subscribe");
    await far.say({ type: "error", topic: TOPIC, error }, { type: "subscribed", id, topics: [] });
    await expect(following.synced()).rejects.toMatchObject({ code });
    expect(far.line.state).toBe("open");
  });

  test("a publication that the server refuses is told, and the rest goes on", async () => {
    const { following, store, hand, errors } = await stage();
    const far = await hand();
    await far.answer([["a", 1]]);
    await following.synced();
    await following.publish({ op: "set", key: "mine", value: 1, immutable: false });
    const { payload } = await far.hears("publish");
    expect(equals(payload, itemOfPublish("mine", 1))).toBe(true);
    const error = keyword("pubsub/unauthorized");
    await far.say({ type: "error", topic: TOPIC, error, message: "not authorized" });
    await far.publish("a", 2);
    await until(async () => (await store.get("a")) === 2);
    expect(errors).toEqual(["UNAUTHORIZED"]);
    expect(following.status.phase).toBe("live");
  });

  test("its own publication comes back, and twice, as any other", async () => {
    const { following, store, hand } = await stage();
    const far = await hand();
    await far.answer([]);
    await following.synced();
    await following.publish({ op: "set", key: "mine", value: 7, immutable: false });
    await far.hears("publish");
    expect(await store.has("mine")).toBe(false);
    await far.publish("mine", 7);
    await far.publish("mine", 7);
    await until(async () => (await store.get("mine")) === 7);
  });

  test("publications to topics that nobody subscribed to are left unread", async () => {
    const { following, store, hand } = await stage();
    const far = await hand();
    await far.hears("subscribe");
    const payload = itemOfPublish("stray", 1);
    await far.say({ type: "publish", topic: keyword("other"), payload });
    await far.item("a", 1);
    await far.endBatch(1);
    await far.complete();
    await following.synced();
    expect(await store.has("stray")).toBe(false);
  });

  test("a publication that may have been another's makes the handshake doubtful, which is made again", async () => {
    const { following, store, hand } = await stage();
    const far = await hand();
    await far.hears("subscribe");
    await far.publish("a", "before");
    await far.item("a", "after");
    await far.endBatch(1);
    await far.complete();
    await far.answer([["a", "after"]]);
    await following.synced();
    expect(await store.get("a")).toBe("after");
  });

  test("a batch of another size than the server says is a violation", async () => {
    const { following, hand } = await stage();
    const far = await hand();
    await far.hears("subscribe");
    await far.item("a", 1);
    await far.say({ type: "batch", topic: TOPIC, batch: 0, count: 2 });
    await expect(following.synced()).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  test("a server of the first version tells no sizes", async () => {
    const { following, hand } = await stage();
    const far = await hand();
    await far.hears("subscribe");
    await far.item("a", 1);
    await far.endBatch();
    await far.complete();
    await following.synced();
    expect(following.status.phase).toBe("live");
  });

  test("what is marked as immutable is a node without a walker, and stays what it was", async () => {
    const { following, store, hand } = await stage({ plain: true });
    const far = await hand();
    await far.hears("subscribe");
    await far.say({ type: "item", topic: TOPIC, item: itemOf("node", 1, true) });
    await far.endBatch(1);
    await far.complete();
    await following.synced();
    expect(await store.getMeta("node")).toMatchObject({ immutable: true, origin: TOPIC });
    await far.say({ type: "publish", topic: TOPIC, payload: itemOfPublish("node", 2, true) });
    await far.publish("cell", 1);
    await until(() => store.has("cell"));
    expect(await store.get("node")).toBe(1);
  });

  test("a fixed connection that ends is the end of it", async () => {
    const { peer, server, next } = ends();
    const connection = await peer.connect(server.dial);
    const following = follow(connection, TOPIC, await openStore());
    const far = new Hand(await next(), ednCodec(), PUBSUB_DIALECT, TOPIC);
    await far.answer([]);
    await following.synced();
    await far.line.close();
    await until(() => following.status.phase === "failed");
    expect(following.status.error).toMatchObject({ code: "TRANSPORT_CLOSED" });
  });

  test("two stores follow on one line", async () => {
    const { peer, server, next } = ends();
    const link = peer.link(server.dial);
    const other = uuid("a0000000-0000-0000-0000-00000000000b");
    const a = follow(link, TOPIC, await openStore());
    const b = follow(link, other, await openStore());
    const transport = await next();
    const far = new Hand(transport, ednCodec(), PUBSUB_DIALECT, TOPIC);
    const first = await far.hears("subscribe");
    const second = await far.hears("subscribe");
    const asked = [...first.topics, ...second.topics].map(({ topic }) => topic);
    expect(asked).toEqual(expect.arrayContaining([TOPIC, other]));
    await far.say({ type: "complete", topic: TOPIC }, { type: "complete", topic: other });
    await Promise.all([a.synced(), b.synced()]);
    await a.close();
    expect(await far.hears("unsubscribe")).toMatchObject({ topics: [TOPIC] });
    expect(b.status.phase).toBe("live");
  });
});

describe("bounds", () => {
  test("a server that takes small frames is told of fewer nodes, and of none beyond maxReported", async () => {
    const { peer, server, next } = ends({ maxFrameBytes: 1000 });
    const store = await openStore();
    const limits = { maxReported: 30 };
    const options = { walker: forestWalker(), limits };
    const following = follow(peer.link(server.dial), TOPIC, store, options);
    const far = new Hand(await next(), ednCodec(), PUBSUB_DIALECT, TOPIC);
    const leaves = Array.from({ length: 60 }, (_, i): [Edn, Edn] => [node(i), "leaf"]);
    await far.answer(leaves);
    await following.synced();
    await far.line.close();
    const again = new Hand(await next(), ednCodec(), PUBSUB_DIALECT, TOPIC);
    const [{ state } = { state: null }] = (await again.hears("subscribe")).topics;
    if (!isKind(state, "map")) throw new Error("no state");
    // Thirty do not fit, half of them do not, and half of those do.
    expect(state.size).toBe(7);
  });

  test("more than can be stored in time ends the line, and it is dialed again", async () => {
    const { following, hand, errors } = await stage({ limits: { maxInboxBytes: 2000 } });
    const far = await hand();
    await far.hears("subscribe");
    const value = "x".repeat(100);
    await Promise.all(Array.from({ length: 100 }, (_, i) => far.item(`cell ${i}`, value)));
    expect(await far.closed).toMatchObject({ code: "LIMIT_EXCEEDED" });
    const again = await hand();
    await again.answer([["a", 1]]);
    await following.synced();
    expect(errors).toContain("LIMIT_EXCEEDED");
  });

  test("more pointers than can be kept back are the end of it", async () => {
    const { following, hand } = await stage({ limits: { maxKeptBytes: 100 } });
    const far = await hand();
    await far.hears("subscribe");
    await far.item(keyword("a"), head(1));
    await far.item(keyword("b"), head(1));
    await expect(following.synced()).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  });
});

describe("in the words of 2025", () => {
  test("a server that does not acknowledge is given up", async () => {
    const { following, hand, errors } = await stage({
      dialect: SYNC_DIALECT,
      limits: { answerTimeoutMs: 20 },
    });
    await (await hand()).closed;
    await (await hand()).answer([]);
    await following.synced();
    expect(errors).toEqual(["ACK_TIMEOUT"]);
  });

  test("keys that were written as one show as one", async () => {
    const { following, store, hand } = await stage({ dialect: SYNC_DIALECT });
    const far = await hand();
    await far.answer([]);
    await following.synced();
    const commits: number[] = [];
    store.onCommit(({ operations }) => commits.push(operations.length));
    const pairs = new EdnMap([
      ["a", 1],
      ["b", 2],
    ]);
    await far.say({
      type: "publish",
      topic: TOPIC,
      payload: new EdnMap([[keyword("kvs"), pairs]]),
    });
    await until(() => store.has("b"));
    expect(commits).toEqual([2]);
  });

  test("subscribers have no words to publish", async () => {
    const { following, hand } = await stage({ dialect: SYNC_DIALECT });
    await (await hand()).answer([]);
    await following.synced();
    await expect(following.publish({ op: "delete", key: "a" })).rejects.toThrow(TypeError);
  });
});

function itemOfPublish(key: Edn, value: Edn, immutable = false): EdnMap {
  const meta = new EdnMap([[keyword("immutable?"), true]]);
  return new EdnMap([
    [keyword("key"), key],
    [keyword("value"), value],
    [keyword("operation"), keyword("assoc")],
    ...(immutable ? [[keyword("meta"), meta] as const] : []),
  ]);
}
