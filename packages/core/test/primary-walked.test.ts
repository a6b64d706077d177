import { type Edn, identity } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { PrimaryStores } from "../src/primary/primary-stores.ts";
import { environmentOf, type Memory, open, Peer, STORE, settled } from "./primary-peer.ts";
import { NAMES, shownTrees, Trees, treeWalker } from "./primary-tree.ts";

const walker = treeWalker();

async function openTrees(limits = {}) {
  const world = await open(limits, { walker });
  const trees = new Trees(world.store);
  return { ...world, trees };
}

const shown = ({ entries }: Memory) => shownTrees(entries.values());

const nodesOf = (peer: Peer) =>
  peer.operations.filter(({ op }) => op === "node").map(({ key }) => key);

describe("diff", () => {
  test("from nothing sends what the pointers reach, then the pointers", async () => {
    const { trees, peer, store } = await openTrees();
    await trees.grow("p");
    await trees.grow("p");
    await store.set("n:unreached", ["x"]);
    const one = peer();
    await one.subscribe();
    expect(one.plans).toEqual(["diff"]);
    expect(one.operations.map(({ op }) => op)).toEqual([
      ...nodesOf(one).map(() => "node"),
      "pointer",
      "pointer",
    ]);
    expect(nodesOf(one)).not.toContain("n:unreached");
    expect(one.batches[0]).toMatchObject({
      from: undefined,
      tokens: [
        [NAMES, null],
        ["p", 2],
      ],
    });
    const { total } = one.of("subscribed")[0] ?? {};
    const entries = one.batches.flatMap(({ operations }) => operations).length;
    expect(total).toEqual({ entries, bytes: undefined });
    expect(shown(one.memory)).toBe(trees.shown());
  });

  test("sends only nodes that the tokens do not reach, also after a restart that forgot them", async () => {
    const { environment, stores, store, trees, peer } = await openTrees();
    await trees.grow("p");
    await store.set(["kept", 1], (await store.get("p")) as Edn);
    const one = peer();
    await one.subscribe();
    one.drop();
    await trees.grow("p");
    const two = peer({}, one.memory);
    await two.subscribe();
    expect(nodesOf(two)).toEqual(["n:3", "n:4"]);
    expect(two.batches.at(-1)).toMatchObject({ from: { seq: 2 }, to: { seq: 3 } });
    two.drop();
    await stores.close();
    const later = new PrimaryStores(environmentOf());
    later.register(store, STORE, { walker }, () => undefined);
    await trees.grow("p");
    two.memory.tokens = [
      [NAMES, null],
      ["p", 1],
    ];
    const three = new Peer(later, environment, {}, two.memory);
    await three.subscribe();
    expect(nodesOf(three)).toEqual(["n:3", "n:4", "n:5", "n:6"]);
    expect(shown(three.memory)).toBe(trees.shown());
  });

  test("deletes a pointer that is gone", async () => {
    const { trees, peer } = await openTrees();
    await trees.grow("p");
    await trees.grow("q");
    const one = peer();
    await one.subscribe();
    await trees.drop("q");
    await settled();
    expect(shown(one.memory)).toBe(trees.shown());
    one.drop();
    await trees.grow("r");
    await trees.drop("p");
    const two = peer({}, one.memory);
    await two.subscribe();
    expect(two.operations.find(({ op }) => op === "delete")?.key).toBe("p");
    expect(shown(two.memory)).toBe(trees.shown());
  });

  test("sends live steps to all, encoded once, and nothing but the cursor for other commits", async () => {
    const { environment, stores, store, trees, peer } = await openTrees();
    await trees.grow("p");
    const peers = Array.from({ length: 5 }, () => peer());
    for (const one of peers) await one.subscribe();
    const { encodedBodies } = stores.stats;
    await trees.grow("p");
    await settled();
    expect(stores.stats.encodedBodies).toBe(encodedBodies + 1);
    for (const one of peers) expect(shown(one.memory)).toBe(trees.shown());
    await store.set("n:other", ["x"]);
    await settled();
    await environment.clock.pass(5_000);
    for (const one of peers) {
      expect(one.batches).toHaveLength(3);
      expect(one.batches[2]).toMatchObject({ operations: [], from: { seq: 2 }, to: { seq: 3 } });
    }
  });

  test("takes several commits in one step when it is behind", async () => {
    const { trees, peer } = await openTrees();
    await trees.grow("p");
    const one = peer();
    await one.subscribe();
    await Promise.all(Array.from({ length: 50 }, () => trees.grow("p")));
    await settled();
    expect(shown(one.memory)).toBe(trees.shown());
    expect(one.batches.length).toBeLessThan(50);
  });

  test("catches up with a step that is larger than a queue", async () => {
    const { trees, peer } = await openTrees({ queueBytes: 2_000, batchBytes: 500 });
    await trees.grow("p");
    const one = peer();
    await one.subscribe();
    await trees.grow("p", 200);
    await settled();
    expect(one.of("resync")).toMatchObject([{ reason: "SLOW_REPLICA" }]);
    expect(shown(one.memory)).toBe(trees.shown());
  });
});

describe("a walk that was interrupted", () => {
  async function interrupted() {
    const world = await openTrees({ batchOperations: 2, windowBytes: 1 });
    const { trees, peer } = world;
    await trees.grow("p", 20);
    const one = peer({ isLazy: true });
    await one.subscribe();
    for (let batch = 1; batch < 5; batch++) {
      one.ack(batch);
      await settled();
    }
    expect(one.memory.entries.size).toBe(10);
    one.drop();
    return { ...world, memory: one.memory };
  }

  test("goes on with the rest, then with what was committed meanwhile", async () => {
    const { trees, peer, memory } = await interrupted();
    await trees.grow("p", 4);
    const two = peer({}, memory);
    await two.subscribe();
    expect(nodesOf(two)).toHaveLength(14);
    expect(two.of("offer")).toEqual([]);
    expect(shown(two.memory)).toBe(trees.shown());
  });

  test("offers everything when its pins are forgotten or cannot be read", async () => {
    const { trees, peer, memory, registration, stores, store } = await interrupted();
    await trees.reset("p", "n:3");
    await trees.collect();
    const two = peer({}, { ...memory, entries: new Map(memory.entries) });
    await two.subscribe();
    expect(two.of("offer").length).toBeGreaterThan(0);
    expect(shown(two.memory)).toBe(trees.shown());
    expect(two.memory.entries.size).toBe(3);
    two.drop();
    registration.unregister();
    stores.register(store, STORE, { walker }, () => undefined);
    const three = peer({}, memory);
    await three.subscribe();
    expect(three.of("offer").length).toBeGreaterThan(0);
    expect(shown(three.memory)).toBe(trees.shown());
  });

  test("is not gone on with when it would be another", async () => {
    const { trees, peer, memory } = await interrupted();
    const position = memory.position as readonly Edn[];
    memory.position = [...position.slice(0, 3), 9, position[4] as Edn];
    const two = peer({}, memory);
    await two.subscribe();
    expect(two.of("offer").length).toBeGreaterThan(0);
    expect(shown(two.memory)).toBe(trees.shown());
  });
});

describe("offers", () => {
  test("are made where nobody knows what the replica has, and only needed nodes are sent", async () => {
    const { trees, peer } = await openTrees();
    await trees.grow("p", 1_200);
    await trees.grow("q");
    const one = peer();
    await one.subscribe();
    one.drop();
    await trees.drop("q");
    await trees.grow("p", 3);
    const two = peer({}, { ...one.memory, tokens: [["p", 77]] });
    await two.subscribe();
    expect(two.of("offer")).toHaveLength(3);
    expect(two.of("offer").every(({ whole }) => whole)).toBe(true);
    expect(nodesOf(two)).toHaveLength(3);
    expect(two.batches.at(-1)?.from).toBeUndefined();
    expect(shown(two.memory)).toBe(trees.shown());
    expect(two.memory.entries.has(identity("q"))).toBe(false);
  });

  test("are made for another selection, so that what left it goes", async () => {
    const { trees, peer } = await openTrees();
    await trees.grow("p");
    await trees.grow("q");
    const one = peer();
    await one.subscribe();
    one.drop();
    const two = peer({ select: ["q"] }, one.memory);
    await two.subscribe();
    expect(two.of("offer")).toHaveLength(1);
    expect(nodesOf(two)).toEqual([]);
    expect(shown(two.memory)).toBe(trees.shown(["q"]));
    expect(two.memory.entries.size).toBe(4);
  });

  test("are made even of nothing", async () => {
    const { trees, peer } = await openTrees();
    await trees.grow("p");
    const one = peer();
    await one.subscribe();
    one.drop();
    const two = peer({ select: [] }, one.memory);
    await two.subscribe();
    expect(two.of("offer")).toMatchObject([{ keys: [], whole: true }]);
    expect(Array.from(two.memory.entries.keys())).toEqual([identity(NAMES)]);
  });

  test("are answered once each, with keys that were offered", async () => {
    const { trees, peer } = await openTrees();
    await trees.grow("p");
    for (const keys of [["n:1", "n:9"], ["p"], ["kept"]]) {
      const one = peer({ isSilent: true });
      await one.subscribe({ cursor: { era: "", seq: 0 } });
      one.say({ type: "need", id: 1, keys });
      expect(one.closedWith).toBe("PROTOCOL_VIOLATION");
    }
    const one = peer();
    await one.subscribe({ cursor: { era: "", seq: 0 } });
    one.say({ type: "need", id: 1, keys: [] });
    expect(one.closedWith).toBe("PROTOCOL_VIOLATION");
  });

  test("that are not answered end the line", async () => {
    const { environment, trees, peer } = await openTrees({
      batchTimeoutMs: 1_000,
      pingMs: 10 ** 6,
    });
    await trees.grow("p");
    const one = peer({ isSilent: true });
    await one.subscribe({ cursor: { era: "", seq: 0 } });
    await environment.clock.pass(1_001);
    expect(one.closedWith).toBe("ACK_TIMEOUT");
  });

  test.each<[string, Edn]>([
    ["no vector", "x"],
    ["pairs that are none", [1, 2]],
    [
      "a key twice",
      [
        ["p", 1],
        ["p", 1],
      ],
    ],
    ["too many", Array.from({ length: 5_000 }, (_, at) => [at, at])],
  ])("are made for tokens that are %s", async (_, tokens) => {
    const { trees, peer } = await openTrees();
    await trees.grow("p");
    const one = peer();
    await one.subscribe();
    one.drop();
    const two = peer({}, { ...one.memory, tokens });
    await two.subscribe();
    expect(two.of("offer")).toHaveLength(1);
    expect(shown(two.memory)).toBe(trees.shown());
  });
});

describe("a node that vanishes", () => {
  test("with its pointer is not missed: other pointers are taken", async () => {
    const { environment, trees, peer } = await openTrees({ batchOperations: 1, windowBytes: 1 });
    await trees.grow("p", 300);
    const one = peer({ isLazy: true });
    await one.subscribe();
    await trees.reset("p", "n:5");
    await trees.collect();
    await one.takeUntil(() => one.of("complete").length > 0);
    expect(environment.events).toContainEqual(expect.objectContaining({ type: "pinned-again" }));
    expect(shown(one.memory)).toBe(trees.shown());
  });

  test("while its pointer stands is an error", async () => {
    const { store, trees, peer } = await openTrees();
    await trees.grow("p", 3);
    await store.delete("n:1");
    const one = peer();
    await one.subscribe();
    expect(one.of("error")).toMatchObject([{ code: "NODE_MISSING", retryable: true }]);
  });

  test("under those who follow puts them back to offers", async () => {
    const { trees, peer } = await openTrees();
    await trees.grow("p", 3);
    const one = peer();
    await one.subscribe();
    await Promise.all([trees.reset("p", "n:1"), trees.collect()]);
    await settled();
    expect(one.of("resync")).toMatchObject([{ reason: "FEED_TRUNCATED" }]);
    expect(one.of("offer").length).toBeGreaterThan(0);
    expect(shown(one.memory)).toBe(trees.shown());
  });
});

describe("a store that recycles", () => {
  test("is sent whole each time, and again when somebody wrote over it meanwhile", async () => {
    const { environment, store, trees, peer } = await openTrees({
      batchOperations: 1,
      windowBytes: 1,
    });
    trees.isRecycling = true;
    await trees.grow("p", 4);
    const one = peer({ isLazy: true });
    await one.subscribe();
    expect(one.batches[0]).toMatchObject({ mode: "recycled", position: undefined });
    await store.set("n:1", ["written over"]);
    await one.takeUntil(() => one.of("complete").length > 0);
    expect(one.of("resync")).toHaveLength(1);
    expect(new Set(nodesOf(one).slice(-4))).toEqual(new Set(["n:1", "n:2", "n:3", "n:4"]));
    expect(one.memory.entries.get(identity("n:1"))?.text).toBe('["written over"]');
    expect(environment.events.filter(({ type }) => type === "recycled")).toHaveLength(1);
    one.drop();
    const two = peer({}, one.memory);
    await two.subscribe();
    expect(nodesOf(two)).toHaveLength(4);
    expect(two.of("offer")).toEqual([]);
    await trees.grow("p");
    await settled();
    expect(two.batches.at(-1)?.mode).toBe("recycled");
    expect(nodesOf(two)).toHaveLength(10);
  });

  test("says that it is whole where nobody knows what the replica has", async () => {
    const { trees, peer } = await openTrees();
    trees.isRecycling = true;
    await trees.grow("p");
    await trees.grow("q");
    const one = peer();
    await one.subscribe();
    one.drop();
    const two = peer({ select: ["q"] }, one.memory);
    await two.subscribe();
    expect(two.of("offer")).toMatchObject([{ keys: [], whole: true }]);
    expect(shown(two.memory)).toBe(trees.shown(["q"]));
  });
});

describe("a store without a feed", () => {
  test("is followed by looking at its pointers from time to time", async () => {
    const { store } = await open();
    const trees = new Trees(store);
    await trees.grow("p");
    const environment = environmentOf({ pollMs: 100, pingMs: 10 ** 6 });
    const stores = new PrimaryStores(environment);
    const readable = {
      get: store.get.bind(store),
      getMany: store.getMany.bind(store),
      getMeta: store.getMeta.bind(store),
      has: store.has.bind(store),
      keys: store.keys.bind(store),
      close: store.close.bind(store),
      [Symbol.asyncDispose]: () => store.close(),
    };
    stores.register(readable, STORE, { walker }, () => undefined);
    const one = new Peer(stores, environment);
    await one.subscribe();
    expect(shown(one.memory)).toBe(trees.shown());
    expect(one.memory.cursor).toMatchObject({ era: "80".repeat(16), seq: 0 });
    await trees.grow("p");
    await environment.clock.pass(101);
    expect(shown(one.memory)).toBe(trees.shown());
    expect(one.memory.cursor?.seq).toBe(1);
    one.drop();
    await trees.grow("p");
    const two = new Peer(stores, environment, {}, one.memory);
    await two.subscribe();
    expect(nodesOf(two)).toHaveLength(2);
    expect(two.memory.cursor?.seq).toBe(2);
    two.drop();
    await settled();
    expect(environment.clock.timers).toBe(0);
  });
});
