import type { Store } from "@datahike-sync/core";
import { type Edn, EdnMap, equals, identity, keyword, uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { PUBSUB_DIALECT, SYNC_DIALECT } from "@datahike-sync/transport-kabel";
import { describe, expect, test } from "vitest";
import {
  ackMessage,
  type Client,
  mapAt,
  serveTopics,
  subscribeMessage,
  texts,
  typeOf,
} from "./ends.ts";
import { END, ReferenceClient } from "./reference-client.ts";

const TOPIC = uuid("b0000000-0000-0000-0000-00000000000b");
const OTHER = uuid("b0000000-0000-0000-0000-00000000000c");
const LONG_AGO = new Date(0);
const LATER = new Date("9999-12-31");

async function storeOf(entries: readonly (readonly [Edn, Edn, boolean?])[]): Promise<Store> {
  const store = await MemoryStore.open();
  for (const [key, value, immutable = false] of entries) await store.set(key, value, { immutable });
  return store;
}

function keysOf(items: readonly EdnMap[]): Edn[] {
  return items.map((item) => item.get(keyword("key")) ?? null);
}

describe("a handshake", () => {
  test("brings every entry in batches of twenty, each acknowledged, and then what is committed", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf(Array.from({ length: 45 }, (_, i) => [i, `value ${i}`]));
    topics.registerStore(store, TOPIC);
    const client = await dial();
    const { items, batches, isSubscribed } = await client.subscribe(TOPIC);
    expect([batches, isSubscribed]).toEqual([[20, 20, 5], true]);
    expect(new Set(keysOf(items))).toEqual(new Set(Array.from({ length: 45 }, (_, i) => i)));
    await store.write([
      { op: "set", key: "leaf", value: 1, immutable: true },
      { op: "set", key: keyword("db"), value: "leaf" },
    ]);
    await store.delete(7);
    expect(await payloads(client, 3)).toEqual([
      '{:key "leaf", :value 1, :operation :assoc, :meta {:immutable? true}}',
      '{:key :db, :value "leaf", :operation :assoc}',
      "{:key 7, :operation :dissoc}",
    ]);
  });

  test("of nothing is complete at once", async () => {
    const { topics, dial } = serveTopics();
    topics.registerStore(await MemoryStore.open(), TOPIC);
    const client = await dial();
    await client.say(subscribeMessage([[TOPIC, new EdnMap()]]));
    const heard = await client.hearUntil(":pubsub/subscribe-ack");
    expect(heard.map(typeOf)).toEqual([":pubsub/handshake-complete", ":pubsub/subscribe-ack"]);
  });

  test("takes a reported node for held and sends every cell, whatever times are reported", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf([
      ["held", 1, true],
      ["new", 2, true],
      [keyword("older"), 3],
      [keyword("newer"), 4],
    ]);
    topics.registerStore(store, TOPIC);
    const state = new EdnMap([
      ["held", LONG_AGO],
      [keyword("older"), LONG_AGO],
      [keyword("newer"), LATER],
    ]);
    const { items } = await (await dial()).subscribe(TOPIC, state);
    expect(texts(items).sort()).toEqual([
      "{:key :newer, :value 4}",
      "{:key :older, :value 3}",
      '{:meta {:immutable? true}, :key "new", :value 2}',
    ]);
  });

  test("is followed by a delete of each reported key that is gone", async () => {
    const { topics, dial } = serveTopics();
    topics.registerStore(await storeOf([["here", 1]]), TOPIC);
    const client = await dial();
    const state = new EdnMap([
      ["here", LATER],
      ["gone", LONG_AGO],
      [[1, 2], LATER],
    ]);
    const { published } = await client.subscribe(TOPIC, state);
    const others = await payloads(client, 2 - published.length);
    expect([...texts(published), ...others].sort()).toEqual([
      '{:key "gone", :operation :dissoc}',
      "{:key [1 2], :operation :dissoc}",
    ]);
  });

  test("brings values that are larger than a batch of the engine, bytes among them", async () => {
    const { topics, dial } = serveTopics({ limits: { batchBytes: 1000 } });
    const text = "x".repeat(10_500);
    const bytes = Uint8Array.from({ length: 10_500 }, (_, at) => at % 251);
    const store = await storeOf([
      ["text", text],
      ["small", 1],
    ]);
    await store.set("bytes", bytes, { type: "binary" });
    topics.registerStore(store, TOPIC);
    const { items } = await (await dial()).subscribe(TOPIC);
    const values = new Map(
      items.map((item) => [item.get(keyword("key")), item.get(keyword("value"))]),
    );
    expect(values).toEqual(
      new Map<Edn, Edn>([
        ["text", text],
        ["small", 1],
        ["bytes", bytes],
      ]),
    );
  });

  test("takes an answer that is there before the marker is sent for good, and one given twice for one", async () => {
    const { topics, dial } = serveTopics();
    topics.registerStore(await storeOf(Array.from({ length: 60 }, (_, i) => [i, i])), TOPIC);
    const client = await dial();
    await client.say(subscribeMessage([[TOPIC, new EdnMap()]]));
    for (let batch = 0; batch < 3; batch++) {
      const marker = (await client.hearUntil(":pubsub/handshake-batch-complete")).at(-1);
      if (marker === undefined) throw new Error("no marker");
      expect(marker.get(keyword("batch-idx"))).toBe(batch);
      // Of another batch: answers nothing, now or later.
      await client.say(ackMessage(marker.with(keyword("batch-idx"), batch + 1)));
      await client.say(subscribeMessage([[keyword("nowhere"), null]]));
      const meanwhile = await client.hearUntil(":pubsub/subscribe-ack");
      expect(meanwhile.map(typeOf)).toEqual([":pubsub/error", ":pubsub/subscribe-ack"]);
      for (let times = 0; times < 2; times++) await client.say(ackMessage(marker));
    }
    const end = await client.hearUntil(":pubsub/subscribe-ack");
    expect(end.map(typeOf)).toEqual([":pubsub/handshake-complete", ":pubsub/subscribe-ack"]);
  });

  test("without answers ends the line, and what is sent ahead is one batch", async () => {
    const { topics, dial } = serveTopics({ limits: { batchTimeoutMs: 50 } });
    topics.registerStore(await storeOf(Array.from({ length: 60 }, (_, i) => [i, i])), TOPIC);
    const client = await dial();
    const ended = new Promise((resolve) => client.line.onClose(resolve));
    await client.say(subscribeMessage([[TOPIC, new EdnMap()]]));
    expect(await ended).toMatchObject({ code: "ACK_TIMEOUT" });
    expect(client.heard.length).toBe(21);
  });

  test("of several topics is one after the other, and acknowledged behind the last", async () => {
    const { topics, dial } = serveTopics();
    topics.registerStore(await storeOf([["a", 1]]), TOPIC);
    topics.registerStore(await storeOf([["b", 2]]), OTHER);
    topics.registerTopic(keyword("news"));
    const client = await dial();
    const nowhere = keyword("nowhere");
    const wanted = [TOPIC, nowhere, OTHER, keyword("news")];
    await client.say(subscribeMessage(wanted.map((topic) => [topic, null])));
    const heard: EdnMap[] = [];
    while (
      heard.at(-1) === undefined ||
      typeOf(heard.at(-1) ?? new EdnMap()) !== ":pubsub/subscribe-ack"
    ) {
      const message = await client.hear();
      if (message === undefined) throw new Error("the line ended");
      heard.push(message);
      if (typeOf(message) === ":pubsub/handshake-batch-complete")
        await client.say(ackMessage(message));
    }
    const order = heard.map((message) => message.get(keyword("topic")));
    const places = [TOPIC, nowhere, OTHER, keyword("news")].map((topic) =>
      order.findIndex((other) => other !== undefined && equals(other, topic)),
    );
    expect(places).toEqual([0, 3, 4, 7]);
    expect(texts([heard.at(-1)?.get(keyword("topics")) ?? null])).toEqual([
      `#{#uuid "${TOPIC}" #uuid "${OTHER}" :news}`,
    ]);
  });
});

describe("a topic that is not to be had", () => {
  test("is refused in the same words, whether there is none or it is forbidden", async () => {
    const { topics, dial } = serveTopics();
    topics.registerStore(await storeOf([["a", 1]]), TOPIC, {
      authorize: ({ principal }) => principal === "ada",
    });
    topics.registerTopic(keyword("news"), { authorize: ({ principal }) => principal === "ada" });
    topics.registerTopic(keyword("broken"), {
      authorize: () => {
        throw new Error("the directory is down");
      },
    });
    const client = await dial("eve");
    for (const topic of [
      TOPIC,
      OTHER,
      keyword("news"),
      keyword("nowhere"),
      keyword("broken"),
      null,
      [1],
    ]) {
      const message = subscribeMessage([[topic, new EdnMap()]]);
      await client.say(message);
      const [error, ack] = await client.hearUntil(":pubsub/subscribe-ack");
      expect(typeOf(error ?? new EdnMap())).toBe(":pubsub/error");
      expect(error?.get(keyword("error"))).toBe("Topic not registered");
      expect(ack?.get(keyword("id"))).toEqual(message.get(keyword("id")));
      expect(texts([ack?.get(keyword("topics")) ?? null])).toEqual(["#{}"]);
    }
    const ada = await dial("ada");
    expect((await ada.subscribe(TOPIC)).isSubscribed).toBe(true);
    expect((await ada.subscribe(keyword("news"))).isSubscribed).toBe(true);
  });
});

describe("a subscription", () => {
  test("ends with unsubscribe and may begin again", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf([["a", 1]]);
    topics.registerStore(store, TOPIC);
    const client = await dial();
    await client.subscribe(TOPIC);
    await client.say(`{:type :pubsub/unsubscribe :topics #{#uuid "${TOPIC}"}}`);
    await client.say(subscribeMessage([[keyword("nowhere"), null]]));
    await client.hearUntil(":pubsub/subscribe-ack");
    const before = client.heard.length;
    await store.set("a", 2);
    await store.set("n", 1, { immutable: true });
    const { items } = await client.subscribe(TOPIC);
    // A cell that was published before may arrive behind the second question: only a publication is newer.
    expect(texts(items)).toEqual(['{:meta {:immutable? true}, :key "n", :value 1}']);
    const published = client.heard.slice(before).filter((one) => typeOf(one) === ":pubsub/publish");
    expect(texts(published.map((one) => one.get(keyword("payload")) ?? null))).toEqual([
      '{:key "a", :value 2, :operation :assoc}',
    ]);
  });

  test("to the same topic once more replaces the first, also in the midst of a handshake", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf(Array.from({ length: 30 }, (_, i) => [i, i]));
    topics.registerStore(store, TOPIC);
    const client = await dial();
    await client.say(subscribeMessage([[TOPIC, new EdnMap()]]));
    await client.hearUntil(":pubsub/handshake-batch-complete");
    const reference = new ReferenceClient(client, TOPIC);
    await reference.subscribe();
    await reference.until(() => reference.isSubscribed);
    expect(reference.held.size).toBe(30);
    await store.set(END, 1);
    await store.set(END, 2);
    await reference.until(() => reference.value(END) === 2);
    expect(reference.applied.filter(({ key }) => key === END).length).toBe(2);
  });

  test("to a store that is unregistered ends in the words for one that there is not", async () => {
    const { topics, dial } = serveTopics();
    const registration = topics.registerStore(await storeOf([["a", 1]]), TOPIC);
    const client = await dial();
    await client.subscribe(TOPIC);
    registration.unregister();
    expect(texts([(await client.hear()) ?? null])).toEqual([
      `{:type :pubsub/error, :topic #uuid "${TOPIC}", :error "Topic not registered"}`,
    ]);
    expect((await client.subscribe(TOPIC)).isSubscribed).toBe(false);
  });

  test("that falls too far behind ends the line, and others go on", async () => {
    const { topics, dial } = serveTopics({
      limits: { queueEntries: 4, queueBytes: 4096 },
      maxQueueBytes: 64 * 1024,
    });
    const store = await storeOf([["a", 1]]);
    topics.registerStore(store, TOPIC);
    const [slow, quick] = [await dial(), await dial()];
    await slow.subscribe(TOPIC);
    await quick.subscribe(TOPIC);
    const off = slow.transport.onMessage(() => undefined);
    off();
    const reference = new ReferenceClient(quick, TOPIC);
    const ended = new Promise((resolve) => slow.line.onClose(resolve));
    for (let i = 0; i < 100; i++) {
      await store.set(i, "x".repeat(2000));
      await reference.until(() => reference.value(i) !== undefined);
    }
    // What waits for it is as much as the line takes; the end is behind that.
    slow.line.onMessage(() => undefined);
    expect(await ended).toMatchObject({ code: "RETRY_LATER" });
    expect(reference.held.size).toBe(100);
  });
});

describe("a publication to a store", () => {
  const PUBLISH = `{:type :pubsub/publish :topic #uuid "${TOPIC}" :payload `;

  test("is refused unless it is allowed, in the words of Clojure's servers", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf([]);
    topics.registerStore(store, TOPIC);
    const client = await dial();
    await client.subscribe(TOPIC);
    await client.say(`${PUBLISH}{:key :a :value 1 :operation :assoc}}`);
    expect(texts([(await client.hear()) ?? null])).toEqual([
      `{:type :pubsub/error, :topic #uuid "${TOPIC}", :error :pubsub/unauthorized, :message "not authorized to publish to this topic"}`,
    ]);
    expect(await store.has(keyword("a"))).toBe(false);
  });

  test("is committed, and comes once to everybody, its author among them", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf([["node", 1, true]]);
    topics.registerStore(store, TOPIC, {
      authorizePublish: ({ principal }) => principal === "ada",
    });
    const [ada, eve] = [await dial("ada"), await dial("eve")];
    await ada.subscribe(TOPIC);
    await eve.subscribe(TOPIC);
    await eve.say(`${PUBLISH}{:key :b :value 1 :operation :assoc}}`);
    expect(typeOf((await eve.hear()) ?? new EdnMap())).toBe(":pubsub/error");
    await ada.say(`${PUBLISH}{:key :a :value 1 :operation :assoc}}`);
    await ada.say(`${PUBLISH}{:key "node" :value 2 :operation :assoc :meta {:immutable? true}}}`);
    await ada.say(`${PUBLISH}{:key "leaf" :value 2 :operation :assoc :meta {:immutable? true}}}`);
    await ada.say(`${PUBLISH}{:key :a :operation :dissoc}}`);
    const told = [
      "{:key :a, :value 1, :operation :assoc}",
      '{:key "leaf", :value 2, :operation :assoc, :meta {:immutable? true}}',
      "{:key :a, :operation :dissoc}",
    ];
    expect(await payloads(ada, 3)).toEqual(told);
    expect(await payloads(eve, 3)).toEqual(told);
    expect(await store.get("node")).toBe(1);
    expect((await store.getMeta("leaf"))?.immutable).toBe(true);
  });

  test("that cannot be written is answered with why", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf([]);
    topics.registerStore(store, TOPIC, { authorizePublish: () => true });
    const client = await dial();
    await client.subscribe(TOPIC);
    await client.say(`${PUBLISH}{:value 1 :operation :assoc}}`);
    const refused = await client.hear();
    expect(refused?.get(keyword("message"))).toBe("not applied: PROTOCOL_VIOLATION");
  });

  test("to a topic that is not served here is left unread", async () => {
    const { topics, dial } = serveTopics();
    topics.registerStore(await storeOf([]), TOPIC);
    const client = await dial();
    await client.say(`{:type :pubsub/publish :topic :elsewhere :payload {:key 1 :value 1}}`);
    await client.subscribe(TOPIC);
    expect(client.heard.map(typeOf)).not.toContain(":pubsub/error");
  });
});

describe("a topic that is no store", () => {
  test("is complete at once, and what is published goes to all but the one who did", async () => {
    const { topics, dial } = serveTopics();
    const published: Edn[] = [];
    const news = topics.registerTopic(keyword("news"), {
      authorizePublish: ({ payload }) => payload !== "forbidden",
      onPublish: ({ payload }) => published.push(payload),
    });
    const [ada, eve] = [await dial(), await dial()];
    for (const client of [ada, eve]) {
      await client.say(subscribeMessage([[keyword("news"), null]]));
      const heard = await client.hearUntil(":pubsub/subscribe-ack");
      expect(heard.map(typeOf)).toEqual([":pubsub/handshake-complete", ":pubsub/subscribe-ack"]);
    }
    await ada.say(`{:type :pubsub/publish :topic :news :payload "forbidden"}`);
    expect(typeOf((await ada.hear()) ?? new EdnMap())).toBe(":pubsub/error");
    await ada.say(`{:type :pubsub/publish :topic :news :payload [1 2]}`);
    expect((await eve.hear())?.get(keyword("payload"))).toEqual([1, 2]);
    news.publish("from the server");
    for (const client of [ada, eve]) {
      expect((await client.hear())?.get(keyword("payload"))).toBe("from the server");
    }
    expect(published).toEqual([[1, 2]]);
    await eve.say(`{:type :pubsub/unsubscribe :topics #{:news}}`);
    await eve.say(subscribeMessage([[keyword("nowhere"), null]]));
    await eve.hearUntil(":pubsub/subscribe-ack");
    news.publish("for ada");
    expect((await ada.hear())?.get(keyword("payload"))).toBe("for ada");
    news.unregister();
    expect((await ada.subscribe(keyword("news"))).isSubscribed).toBe(false);
    expect(eve.heard.some((message) => message.get(keyword("payload")) === "for ada")).toBe(false);
  });

  test("ends the line of who leaves its publications unread", async () => {
    const { topics, dial } = serveTopics({ maxQueueBytes: 16 * 1024 });
    const news = topics.registerTopic(keyword("news"));
    const client = await dial();
    const ended = new Promise((resolve) => client.line.onClose(resolve));
    await client.subscribe(keyword("news"));
    client.transport.onMessage(() => undefined)();
    for (let i = 0; i < 150; i++) news.publish("x".repeat(100));
    client.line.onMessage(() => undefined);
    expect(await ended).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  test("of a name that is taken is misuse", async () => {
    const { topics } = serveTopics();
    topics.registerTopic([1, keyword("a")]);
    expect(() => topics.registerTopic([1, keyword("a")])).toThrow(TypeError);
    topics.registerStore(await storeOf([]), TOPIC);
    expect(() => topics.registerTopic(TOPIC)).toThrow(TypeError);
  });
});

describe("the words of 2025", () => {
  test("acknowledge first, and know stores alone", async () => {
    const { topics, dial } = serveTopics();
    const store = await storeOf([["a", 1]]);
    topics.registerStore(store, TOPIC);
    topics.registerTopic(OTHER, { authorize: () => false });
    const client = await dial();
    const subscribe = (id: unknown) =>
      `{:type :sync/subscribe :store-id #uuid "${id}" :local-key-timestamps {"gone" #inst "2020"} :id #uuid "${OTHER}"}`;
    await client.say(subscribe(TOPIC));
    const begun = await client.hearUntil(":sync/batch-complete");
    expect(texts(begun)).toEqual([
      `{:type :sync/subscribe-ack, :store-id #uuid "${TOPIC}", :id #uuid "${OTHER}"}`,
      `{:type :sync/update, :store-id #uuid "${TOPIC}", :operation :key/write, :key "a", :value 1}`,
      `{:type :sync/batch-complete, :store-id #uuid "${TOPIC}", :batch-idx 0}`,
    ]);
    await client.say(`{:type :sync/batch-ack :store-id #uuid "${TOPIC}" :batch-idx 0}`);
    const ended = [await client.hear(), await client.hear()];
    expect(texts(ended.map((message) => message ?? null))).toEqual([
      `{:type :sync/complete, :store-id #uuid "${TOPIC}"}`,
      `{:type :sync/update, :store-id #uuid "${TOPIC}", :operation :key/dissoc, :key "gone"}`,
    ]);
    for (const id of [OTHER, "00000000-0000-0000-0000-00000000beef"]) {
      await client.say(subscribe(id));
      expect((await client.hear())?.get(keyword("error"))).toBe("Store not found");
    }
    await client.say(
      `{:type :sync/update :store-id #uuid "${TOPIC}" :operation :key/assoc :key "a" :value 2}`,
    );
    await store.set("b", 1);
    expect(texts([(await client.hear()) ?? null])).toEqual([
      `{:type :sync/update, :store-id #uuid "${TOPIC}", :operation :key/assoc, :key "b", :value 1}`,
    ]);
    expect(await store.get("a"), "subscribers of 2025 never publish").toBe(1);
  });
});

describe.each([PUBSUB_DIALECT, SYNC_DIALECT])("a client of $name", (dialect) => {
  const FRAMES = 36;

  test("ends with what the store has, wherever in the handshake a commit falls", async () => {
    for (let at = 0; at < FRAMES; at++) {
      const { topics, dial } = serveTopics();
      const store = await storeOf(Array.from({ length: 25 }, (_, i) => [i, [i, 0]]));
      await store.set("node", 0, { immutable: true });
      topics.registerStore(store, TOPIC);
      const reference = new ReferenceClient(await dial(), TOPIC, dialect);
      await reference.subscribe();
      for (let step = 0; step < at && !reference.isComplete; step++) await reference.step();
      // All that a commit can do: change what was sent and what was not, add, delete, and add again.
      await store.write([
        { op: "set", key: 0, value: [0, 1] },
        { op: "set", key: 24, value: [24, 1] },
        { op: "delete", key: 1 },
        { op: "delete", key: 23 },
        { op: "set", key: `leaf ${at}`, value: at, immutable: true },
        { op: "set", key: keyword("db"), value: `leaf ${at}` },
      ]);
      await store.set(1, "again");
      await store.set(END, at);
      await reference.until(() => reference.value(END) === at && reference.isComplete);
      const held = new Map(Array.from(reference.held, ([id, { value }]) => [id, value]));
      expect(held, `a commit after ${at} frames`).toEqual(await contentOf(store));
    }
  });

  test("loses the line at any message, and the server forgets it and serves the next", async () => {
    const { topics, network, dial, peer } = serveTopics();
    const store = await storeOf(Array.from({ length: 25 }, (_, i) => [i, i]));
    topics.registerStore(store, TOPIC);
    for (let at = 0; at < FRAMES; at++) {
      const client = await dial();
      const reference = new ReferenceClient(client, TOPIC, dialect);
      await reference.subscribe();
      for (let step = 0; step < at && !reference.isComplete; step++) await reference.step();
      await client.transport.close();
      await store.set("while away", at);
    }
    await expect.poll(() => peer.connections.size).toBe(0);
    const reference = new ReferenceClient(await dial(), TOPIC, dialect);
    await reference.subscribe();
    await reference.until(() => reference.isComplete);
    expect(reference.held.size).toBe(26);
    expect(network.address).toBe("channel");
  });
});

async function contentOf(store: Store): Promise<Map<string, Edn>> {
  const found = new Map<string, Edn>();
  for await (const { key } of store.keys())
    found.set(identity(key), (await store.get(key)) ?? null);
  return found;
}

async function payloads(client: Client, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const message = await client.hear();
    if (message === undefined) throw new Error("the line ended");
    found.push(...texts([mapAt(message, "payload")]));
  }
  return found;
}
