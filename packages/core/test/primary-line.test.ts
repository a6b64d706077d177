import type { Filter, MessageOf } from "@datahike-sync/core";
import { type Edn, print, uuid } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { contentOf, emptyMemory, gone, open, Peer, STORE, set, settled } from "./primary-peer.ts";

const TEXT = "x".repeat(1_000);

describe("the window", () => {
  test("bounds what is unacknowledged, and nothing is read beyond it", async () => {
    const { store, peer } = await open({ batchBytes: 4_000 });
    for (let at = 0; at < 100; at++) await store.set(at, TEXT);
    const one = peer({ isLazy: true, window: 10_000 });
    await one.subscribe();
    expect(one.unacked).toBeLessThanOrEqual(10_000);
    expect(one.unacked).toBeGreaterThan(5_000);
    const sent = one.batches.length;
    await one.takeUntil(() => one.of("complete").length > 0);
    expect(one.batches.length).toBeGreaterThan(sent);
    expect(one.maxUnacked).toBeLessThanOrEqual(10_000);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("lets one batch through, however small it is", async () => {
    const { store, peer } = await open({ batchBytes: 4_000 });
    for (let at = 0; at < 12; at++) await store.set(at, TEXT);
    const one = peer({ window: 0 });
    await one.subscribe();
    expect(one.shown).toBe(await contentOf(store));
    expect(one.maxUnacked).toBeLessThan(4_200);
  });

  test("is never larger than this side's own", async () => {
    const { store, peer } = await open({ batchBytes: 4_000, windowBytes: 8_000 });
    for (let at = 0; at < 40; at++) await store.set(at, TEXT);
    const one = peer({ isLazy: true, window: 10 ** 9 });
    await one.subscribe();
    expect(one.unacked).toBeLessThanOrEqual(8_000);
  });
});

describe("acknowledgements", () => {
  test("that come late or twice are nothing", async () => {
    const { store, peer } = await open();
    await store.set("a", 1);
    const one = peer({ isLazy: true });
    await one.subscribe();
    await store.set("a", 2);
    await settled();
    one.ack(2);
    one.ack(1);
    one.ack(2);
    one.say({ type: "unsubscribe", id: 1 });
    one.ack(2);
    expect(one.isClosed).toBe(false);
  });

  test.each([0, 2, 2 ** 53 - 1])(
    "of batch %d, which was never sent, end the line",
    async (batch) => {
      const { peer } = await open();
      const one = peer({ isLazy: true });
      await one.subscribe();
      one.ack(batch);
      expect(one.closedWith).toBe("PROTOCOL_VIOLATION");
    },
  );

  test("that do not come end the line", async () => {
    const { environment, store, peer } = await open({ batchTimeoutMs: 1_000, pingMs: 10 ** 6 });
    const one = peer({ isLazy: true });
    await one.subscribe();
    await environment.clock.pass(900);
    one.ack(1);
    await environment.clock.pass(10_000);
    expect(one.isClosed).toBe(false);
    await store.set("a", 1);
    await environment.clock.pass(900);
    await store.set("b", 1);
    await environment.clock.pass(99);
    expect(one.isClosed).toBe(false);
    await environment.clock.pass(2);
    expect(one.closedWith).toBe("ACK_TIMEOUT");
  });
});

describe("a line", () => {
  test("that does not answer two pings is closed", async () => {
    const { environment, peer } = await open({ pingMs: 100 });
    const [silent, talking] = [peer({ isLazy: true }), peer()];
    await environment.clock.pass(299);
    expect(silent.isClosed).toBe(false);
    await environment.clock.pass(1_000);
    expect(silent.closedWith).toBe("HEARTBEAT_TIMEOUT");
    expect(talking.isClosed).toBe(false);
    expect(talking.of("ping")).toHaveLength(12);
  });

  test("on which nobody says hello is closed in time, and no other for that", async () => {
    const { environment, peer } = await open({ helloTimeoutMs: 500 });
    const [mute, gone, talking] = [peer({ isMute: true }), peer({ isMute: true }), peer()];
    gone.drop();
    await environment.clock.pass(499);
    expect(mute.isClosed).toBe(false);
    await environment.clock.pass(2);
    expect(mute.closedWith).toBe("HEARTBEAT_TIMEOUT");
    talking.drop();
    expect(talking.closedWith).toBeUndefined();
    expect(environment.clock.timers).toBe(0);
  });

  test("that has ended leaves no timer and no reader", async () => {
    const { environment, store, stores, peer } = await open();
    const one = peer();
    await one.subscribe();
    expect(stores.stats.subscribers).toBe(1);
    one.drop();
    await settled();
    expect(environment.clock.timers).toBe(0);
    expect(stores.stats.subscribers).toBe(0);
    const { encodedBodies } = stores.stats;
    await store.set("a", 1);
    await settled();
    expect(stores.stats.encodedBodies).toBe(encodedBodies);
  });

  test("takes each id once, and no others", async () => {
    const { peer } = await open();
    const once = peer();
    await once.subscribe();
    const message = { ...NO_HAVE, id: 1 };
    once.say(message);
    expect(once.closedWith).toBe("PROTOCOL_VIOLATION");
    for (const id of [0, 7]) {
      const other = peer();
      other.say({ type: "need", id, keys: [] });
      expect(other.closedWith).toBe("PROTOCOL_VIOLATION");
    }
  });

  test("refuses what nobody asked for", async () => {
    const { peer } = await open();
    for (const message of [
      { type: "need", id: 1, keys: [] },
      { type: "reconcile", id: 1, ranges: [] },
      { type: "pong" },
      { type: "ping" },
    ] as const) {
      const one = peer();
      await one.subscribe();
      one.say(message);
      expect(one.closedWith).toBe(message.type === "pong" ? undefined : "PROTOCOL_VIOLATION");
    }
  });

  test("has so many subscriptions and no more, also of those that ended and have not settled", async () => {
    let answer: (may: boolean) => void = () => undefined;
    const { peer } = await open(
      { maxSubscriptions: 2 },
      { authorize: () => new Promise((resolve) => (answer = resolve)) },
    );
    const one = peer();
    for (const id of [1, 2, 3]) {
      one.say({ ...NO_HAVE, id });
      one.say({ type: "unsubscribe", id });
    }
    await settled();
    expect(one.of("error")).toMatchObject([{ id: 3, code: "LIMIT_EXCEEDED", retryable: false }]);
    answer(true);
    await settled();
    one.say({ ...NO_HAVE, id: 4 });
    await settled();
    expect(one.of("error")).toHaveLength(1);
  });
});

const OTHER = uuid("99999999-dd20-5274-9050-b5d76d77a9ab");

const NO_HAVE: MessageOf<"subscribe"> = {
  type: "subscribe",
  id: 1,
  storeId: STORE,
  select: null,
  have: { cursor: undefined, selection: undefined, tokens: undefined, position: undefined },
  window: 1,
  deltas: [],
};

describe("live steps", () => {
  test("are encoded once for all", async () => {
    const { environment, store, stores, peer } = await open();
    const peers = Array.from({ length: 20 }, () => peer());
    for (const one of peers) await one.subscribe();
    const before = stores.stats.encodedBodies;
    for (let at = 0; at < 10; at++) {
      await store.set(at, at);
      await environment.clock.pass(1);
    }
    expect(stores.stats.encodedBodies).toBe(before + 10);
    for (const one of peers) expect(one.shown).toBe(await contentOf(store));
  });

  test("of one millisecond are two: the first at once, and the others together", async () => {
    const { environment, store, peer } = await open();
    const one = peer();
    await one.subscribe();
    for (let at = 1; at <= 10; at++) await store.set(at % 3, at);
    await settled();
    expect(one.batches.map(({ to }) => to?.seq)).toEqual([0, 1]);
    await environment.clock.pass(1);
    expect(one.batches.slice(1)).toMatchObject([
      { from: { seq: 0 }, to: { seq: 1 } },
      { from: { seq: 1 }, to: { seq: 10 } },
    ]);
    expect(one.operations.map(({ key }) => key)).toEqual([1, 2, 0, 1]);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("of one millisecond wait for no more than fills a batch", async () => {
    const { store, peer } = await open({ batchOperations: 3 });
    const one = peer();
    await one.subscribe();
    for (let at = 1; at <= 8; at++) await store.set(at, at);
    await settled();
    expect(one.batches.map(({ to }) => to?.seq)).toEqual([0, 1, 4, 7]);
  });

  test("that are too many for one who is slow put only him back", async () => {
    const { environment, store, peer } = await open({ queueEntries: 4, batchTimeoutMs: 10 ** 6 });
    const [slow, quick] = [peer({ isLazy: true, window: 1 }), peer()];
    await slow.subscribe();
    await quick.subscribe();
    for (let at = 0; at < 20; at++) {
      await store.write([set("k", at), set(at, at), gone(at - 2)]);
      await environment.clock.pass(1);
    }
    expect(slow.batches).toHaveLength(1);
    await slow.takeUntil(() => slow.memory.cursor?.seq === 20);
    expect(slow.of("resync")).toMatchObject([{ reason: "SLOW_REPLICA" }]);
    expect(slow.batches.length).toBeLessThan(5);
    expect(slow.shown).toBe(await contentOf(store));
    expect(quick.of("resync")).toEqual([]);
    expect(quick.batches).toHaveLength(21);
    expect(environment.events).toContainEqual(expect.objectContaining({ type: "resync" }));
  });

  test("that are larger than a queue are caught up with instead", async () => {
    const { store, peer } = await open({ queueBytes: 10_000, batchBytes: 4_000 });
    const one = peer();
    await one.subscribe();
    await store.write(Array.from({ length: 20 }, (_, at) => set(at, TEXT)));
    await settled();
    expect(one.of("resync")).toMatchObject([{ reason: "SLOW_REPLICA" }]);
    expect(one.shown).toBe(await contentOf(store));
    expect(one.of("complete")).toHaveLength(2);
  });

  test("of another opener are found when the store is asked, or when a commit follows", async () => {
    const { environment, store, reopen, peer } = await open({ pollMs: 50 });
    const one = peer();
    await one.subscribe();
    const other = await reopen();
    await other.set("a", 1);
    await settled();
    expect(one.shown).toBe("");
    await environment.clock.pass(51);
    expect(one.of("resync")).toMatchObject([{ reason: "FEED_TRUNCATED" }]);
    expect(one.shown).toBe(await contentOf(store));
    await other.set("b", 1);
    await store.set("c", 1);
    await settled();
    expect(one.of("resync")).toHaveLength(2);
    expect(one.shown).toBe(await contentOf(store));
    await environment.clock.pass(500);
    expect(one.of("resync")).toHaveLength(2);
  });

  test("of several batches end with the one that moves the cursor", async () => {
    const { store, peer } = await open({ batchOperations: 3 });
    const one = peer();
    await one.subscribe();
    await store.write(Array.from({ length: 8 }, (_, at) => set(at, at)));
    await settled();
    expect(one.batches.slice(1).map(({ to }) => to?.seq)).toEqual([undefined, undefined, 1]);
  });
});

describe("a large value", () => {
  test("comes in parts, in a catch-up and live", async () => {
    const { store, peer } = await open({ batchBytes: 256 * 1024 });
    const large = "ä".repeat(2 ** 19);
    await store.write([set("before", 1), set("large", large), set("after", 1)]);
    const one = peer();
    await one.subscribe();
    const parts = () => one.operations.filter(({ op }) => op === "part").length;
    expect(parts()).toBe(5);
    expect(one.maxUnacked).toBeLessThan(2 ** 21);
    await store.set("large", `${large}!`);
    await settled();
    expect(parts()).toBe(10);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("beyond the limit ends the subscription", async () => {
    const { store, peer } = await open({ maxValueBytes: 10_000 });
    const [one, two] = [peer(), peer()];
    await one.subscribe();
    await store.set("large", "x".repeat(10_000));
    await settled();
    await two.subscribe();
    for (const { errors } of [one, two]) expect(errors).toEqual(["LIMIT_EXCEEDED"]);
  });
});

describe("who may have what", () => {
  test("unknown and forbidden stores answer alike", async () => {
    const { environment, stores, peer } = await open(
      {},
      {
        authorize: ({ principal }) => {
          if (principal === "thrown") throw new Error("secret");
          return principal === "friend";
        },
      },
    );
    const messages = [];
    for (const principal of ["friend", "stranger", "thrown"]) {
      const one = peer({ principal });
      await one.subscribe();
      await environment.clock.pass(100);
      messages.push(one.of("error")[0]);
    }
    const unknown = new Peer(
      new (stores.constructor as new (e: unknown) => typeof stores)(environment),
      environment,
    );
    await unknown.subscribe();
    await environment.clock.pass(100);
    const [none, refused, thrown] = messages;
    expect(none).toBeUndefined();
    expect(refused).toEqual({
      type: "error",
      id: 1,
      code: "STORE_NOT_FOUND",
      message: "there is no store here",
      retryable: false,
      afterMs: undefined,
    });
    expect(thrown).toEqual(refused);
    expect(unknown.of("error")[0]).toEqual(refused);
    expect(environment.events.filter(({ type }) => type === "refused")).toHaveLength(3);
  });

  test("says no at one time, however long it took to ask", async () => {
    let answer: (may: boolean) => void = () => undefined;
    const authorize = () => new Promise<boolean>((resolve) => (answer = resolve));
    const { environment, peer } = await open({}, { authorize });
    const [forbidden, unknown] = [peer(), peer()];
    forbidden.say(NO_HAVE);
    unknown.say({ ...NO_HAVE, storeId: OTHER });
    await environment.clock.pass(60);
    answer(false);
    await environment.clock.pass(39);
    expect([forbidden.errors, unknown.errors]).toEqual([[], []]);
    await environment.clock.pass(1);
    expect(forbidden.errors).toEqual(["STORE_NOT_FOUND"]);
    expect(unknown.of("error")).toEqual(forbidden.of("error"));
  });

  test("is asked again when rights have changed, and nothing is sent before the answer", async () => {
    let ask: Promise<boolean> | boolean = true;
    const { store, registration, peer } = await open({}, { authorize: () => ask });
    const one = peer();
    await one.subscribe();
    let answer: (may: boolean) => void = () => undefined;
    ask = new Promise((resolve) => (answer = resolve));
    registration.refresh();
    await store.set("a", 1);
    await settled();
    expect(one.shown).toBe("");
    answer(true);
    await settled();
    expect(one.shown).toBe('"a" 1');
    ask = false;
    registration.refresh();
    await store.set("b", 1);
    await settled();
    expect(one.shown).toBe('"a" 1');
    expect(one.errors).toEqual(["STORE_NOT_FOUND"]);
  });

  test("counts as it is after a change that came before the first answer", async () => {
    let answers: ((may: boolean) => void)[] = [];
    const { environment, registration, peer } = await open(
      {},
      { authorize: () => new Promise((resolve) => answers.push(resolve)) },
    );
    const one = peer();
    await one.subscribe();
    registration.refresh();
    const [first] = answers;
    answers = [];
    first?.(true);
    await settled();
    expect(one.of("subscribed")).toEqual([]);
    answers[0]?.(false);
    await environment.clock.pass(100);
    expect(one.errors).toEqual(["STORE_NOT_FOUND"]);
  });

  test("under another selection is another subscription", async () => {
    let level = 1;
    const { store, registration, peer } = await open(
      {},
      {
        filter: (_, value) => value === undefined || Number(value) <= level,
        selection: () => level,
      },
    );
    await store.write([set("a", 1), set("b", 2)]);
    const one = peer();
    await one.subscribe();
    expect(one.shown).toBe('"a" 1');
    registration.refresh();
    await settled();
    expect(one.errors).toEqual([]);
    level = 2;
    registration.refresh();
    await settled();
    expect(one.of("error")).toMatchObject([{ code: "RETRY_LATER", retryable: true, afterMs: 0 }]);
    const again = peer({}, one.memory);
    await again.subscribe();
    expect(again.plans).toEqual(["reconcile"]);
    expect(again.shown).toBe(await contentOf(store));
  });

  test("is nothing once the store is unregistered", async () => {
    const { environment, store, registration, stores, peer } = await open();
    const one = peer();
    await one.subscribe();
    registration.unregister();
    await store.set("a", 1);
    await one.subscribe();
    await environment.clock.pass(100);
    expect(one.errors).toEqual(["STORE_NOT_FOUND", "STORE_NOT_FOUND"]);
    expect(one.shown).toBe("");
    stores.register(store, STORE, {}, () => undefined);
    registration.unregister();
    await one.subscribe();
    expect(one.shown).toBe('"a" 1');
    await stores.close();
    expect(one.errors).toHaveLength(3);
  });

  test("asks of a selection only what the store has", async () => {
    const { peer } = await open();
    const one = peer({ select: "everything" });
    await one.subscribe();
    expect(one.errors).toEqual(["PROTOCOL_VIOLATION"]);
  });
});

describe("a filter", () => {
  const filter: Filter = (key, value) => print(key).startsWith('"v') && value !== "hidden";
  const passes = (key: Edn, value: Edn) => print(key).startsWith('"v') && value !== "hidden";

  test("lets nothing else through, and tells of what is no longer for somebody", async () => {
    const { store, peer } = await open({}, { filter, selection: () => null });
    await store.write([set("v1", 1), set("w1", 1), set("v2", "hidden")]);
    const one = peer();
    await one.subscribe();
    expect(one.operations.map(({ key }) => key)).toEqual(["v1"]);
    await store.write([set("v1", "hidden"), set("v2", 2), set("w2", 1)]);
    await settled();
    expect(one.shown).toBe(await contentOf(store, passes));
    one.drop();
    await store.write([set("v2", "hidden"), set("v3", 3), gone("v1")]);
    const two = peer({}, one.memory);
    await two.subscribe();
    expect(two.plans).toEqual(["changes"]);
    expect(two.shown).toBe(await contentOf(store, passes));
    two.memory.cursor = { era: "", seq: 0 };
    two.drop();
    await store.write([gone("v3"), set("v4", 4)]);
    const three = peer({}, two.memory);
    await three.subscribe();
    expect(three.plans).toEqual(["reconcile"]);
    expect(three.shown).toBe(await contentOf(store, passes));
  });

  test("moves the cursor over what is not for it, once in a while", async () => {
    const { environment, store, peer } = await open(
      { idleCursorMs: 1_000 },
      { filter: (key) => key === "v", selection: () => null },
    );
    const one = peer();
    await one.subscribe();
    const seqs = () => one.batches.map(({ to }) => to?.seq);
    for (let at = 1; at <= 10; at++) {
      await store.set("w", at);
      await settled();
    }
    expect(seqs()).toEqual([0, 1]);
    await environment.clock.pass(1_001);
    expect(seqs()).toEqual([0, 1, 10]);
    await store.set("w", 11);
    await store.set("v", 1);
    await environment.clock.pass(1);
    expect(seqs()).toEqual([0, 1, 10, 12]);
    await environment.clock.pass(5_000);
    expect(seqs()).toEqual([0, 1, 10, 12]);
  });

  test("that throws ends the subscription, and says nothing of why", async () => {
    const { environment, store, peer } = await open(
      {},
      {
        filter: () => {
          throw new Error("secret");
        },
        selection: () => null,
      },
    );
    await store.set("a", 1);
    const one = peer();
    await one.subscribe();
    expect(one.of("error")).toMatchObject([
      { code: "INTERNAL", message: "a fault of this software", retryable: true },
    ]);
    expect(environment.faults).toHaveLength(1);
  });
});

describe("those who catch up", () => {
  test("are so many at once; others come back, spread over time", async () => {
    const { store, peer } = await open({ maxCatchingUp: 2, batchOperations: 1 });
    for (let at = 0; at < 10; at++) await store.set(at, at);
    const slow = [0, 1].map(() => peer({ isLazy: true, window: 1 }));
    for (const one of slow) await one.subscribe();
    const third = peer();
    await third.subscribe();
    expect(third.of("error")).toMatchObject([
      { code: "RETRY_LATER", retryable: true, afterMs: 3_000 },
    ]);
    slow[0]?.drop();
    await settled();
    await third.subscribe();
    expect(third.shown).toBe(await contentOf(store));
  });

  test("make room for a line that has less than theirs, who is silent longest first", async () => {
    const { environment, store, peer } = await open({ maxCatchingUp: 3, batchOperations: 1 });
    for (let at = 0; at < 10; at++) await store.set(at, at);
    const greedy = peer({ isLazy: true, window: 1 });
    for (let id = 1; id <= 3; id++) {
      await greedy.subscribe();
      await environment.clock.pass(10);
    }
    await greedy.subscribe();
    // None of its own makes room for another of them.
    expect(greedy.of("error")).toMatchObject([{ id: 4, code: "RETRY_LATER" }]);
    const other = peer();
    await other.subscribe();
    expect(other.shown).toBe(await contentOf(store));
    expect(greedy.of("error").slice(1)).toMatchObject([
      { id: 1, code: "RETRY_LATER", retryable: true, afterMs: 1_000 },
    ]);
  });

  test("make room, one for each line, where one has taken nothing for long", async () => {
    const { environment, store, peer } = await open({ maxCatchingUp: 2, batchOperations: 1 });
    for (let at = 0; at < 10; at++) await store.set(at, at);
    const [first, second] = [0, 1].map(() => peer({ isLazy: true, window: 1 }));
    await first?.subscribe();
    await second?.subscribe();
    await environment.clock.pass(4_000);
    first?.ackAll();
    await environment.clock.pass(1_001);
    const third = peer();
    await third.subscribe();
    expect(third.shown).toBe(await contentOf(store));
    expect([first?.errors, second?.errors]).toEqual([[], ["RETRY_LATER"]]);
  });
});

describe("a registration", () => {
  test("refuses what does not fit", async () => {
    const { store, stores } = await open();
    const other = await open();
    const register = (options: object) => () =>
      other.stores.register(store, emptyMemory().selection ?? STORE, options, () => undefined);
    expect(register({})).toThrow("registered");
    other.registration.unregister();
    expect(register({ filter: () => true })).toThrow("selection");
    const feedless = { ...store, capabilities: { ...store.capabilities, feed: false } };
    expect(() => {
      other.stores.register(feedless, STORE, {}, () => undefined);
    }).toThrow("walker");
    await stores.close();
  });
});
