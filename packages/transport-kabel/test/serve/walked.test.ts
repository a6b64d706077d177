/** Datahike's stores, served under a walker to clients that know none. */
import type { Store } from "@datahike-sync/core";
import { type Edn, EdnMap, EdnSet, identity, keyword, uuid } from "@datahike-sync/edn";
import { PUBSUB_DIALECT, SYNC_DIALECT } from "@datahike-sync/transport-kabel";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { describe, expect, test } from "vitest";
import { ackMessage, type Client, mapAt, serveTopics, subscribeMessage, typeOf } from "./ends.ts";
import { FRESSIAN, goldenStore, reachable, storeOf } from "./golden.ts";
import { commit, readSession, textOf } from "./recorded.ts";
import { ReferenceClient } from "./reference-client.ts";

const TOPIC = uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890");
const DB = keyword("db");

describe.each(["datahike-0.8/small-bf", "datahike-0.6/small", "datahike-0.8/branch"] as const)(
  "the store %s",
  (name) => {
    test("comes whole and by itself, children before parents, and pointers last", async () => {
      const { topics, dial } = serveTopics({ codec: FRESSIAN });
      const store = await goldenStore(name);
      topics.registerStore(store, TOPIC, { walker: datahikeWalker() });
      const { items, batches } = await (await dial()).subscribe(TOPIC);
      const expected = await reachable(store);
      const keys = items.map((item) => item.get(keyword("key")) ?? null);
      expect(new Set(keys.map(identity))).toEqual(new Set(expected.keys()));
      expect(keys.length).toBe(expected.size);
      expect(Math.max(...batches)).toBe(Math.min(20, expected.size));
      const isPointer = keys.map(
        (key) => key instanceof Object && "ednKind" in key && key.ednKind === "keyword",
      );
      expect(isPointer.lastIndexOf(false)).toBeLessThan(isPointer.indexOf(true));
      const walker = datahikeWalker();
      const seen = new Set<string>();
      for (const [at, item] of items.entries()) {
        const children = walker
          .children(item.get(keyword("value")) ?? null)
          .filter((child) => walker.classify(child) === "node");
        for (const child of children)
          expect(seen.has(identity(child)), textOf(keys[at] ?? null)).toBe(true);
        seen.add(identity(keys[at] ?? null));
      }
    });

    test("is not read where it is held, and what is gone is deleted", async () => {
      const { topics, dial } = serveTopics({ codec: FRESSIAN });
      const store = await goldenStore(name);
      topics.registerStore(store, TOPIC, { walker: datahikeWalker() });
      const state = new Map<Edn, Edn>([["long gone", new Date(0)]]);
      for await (const { key } of store.keys()) state.set(key, new Date(0));
      const client = await dial();
      const { items } = await client.subscribe(TOPIC, new EdnMap(state));
      const pointers = items.map((item) => textOf(item.get(keyword("key")) ?? null));
      expect(pointers.every((key) => key.startsWith(":"))).toBe(true);
      // Behind a commit is behind all deletes.
      await store.set(DB, await moved(store));
      await expect.poll(() => publishedKeys(client)).toContain(":db");
      expect(publishedKeys(client)).toEqual(['"long gone"', ":db"]);
    });
  },
);

describe.each([PUBSUB_DIALECT, SYNC_DIALECT])(
  "a transaction in a handshake of $name",
  (dialect) => {
    test("leaves the client with a head of which it has everything, wherever it falls", async () => {
      const session = await readSession("pubsub-cbor-datahike");
      const frames = session.events.filter(
        (event) => event.type === "frame" && event.from === "server",
      );
      const topicsOf = frames.map((event) => (event.type === "frame" ? event.topic : undefined));
      const items = topicsOf
        .slice(0, 12)
        .flatMap((topic) => (topic?.type === "item" ? [topic.item] : []));
      const changes = topicsOf
        .flatMap((topic) => (topic?.type === "publish" ? [topic.payload] : []))
        .slice(0, 8);
      for (let at = 0; at <= items.length + 3; at++) {
        const { topics, dial } = serveTopics({ codec: session.codec });
        const store = await storeOf([]);
        await commit(store, session.codec, items);
        topics.registerStore(store, TOPIC, { walker: datahikeWalker() });
        const reference = new ReferenceClient(await dial(), TOPIC, dialect);
        await reference.subscribe();
        for (let step = 0; step < at && !reference.isComplete; step++) await reference.step();
        const before = reference.value(DB);
        await commit(store, session.codec, changes);
        const maxTx = maxTxOf(await store.get(DB));
        await reference.until(() => {
          return reference.isComplete && maxTxOf(reference.value(DB)) === maxTx;
        });
        expect(maxTxOf(before) === maxTx, "the transaction came after").toBe(false);
        const replica = await storeOf(reference.held.values());
        expect(new Set((await reachable(replica)).keys())).toEqual(
          new Set((await reachable(store)).keys()),
        );
        // Never a head before what it reaches.
        const held: { key: Edn; value: Edn }[] = [];
        for (const change of reference.applied) {
          if (change.op === "delete") continue;
          held.push(change);
          if (change.key === DB) await reachable(await storeOf(held));
        }
      }
    });
  },
);

test("a branch that appears, and one that goes, are told with what they reach", async () => {
  const { topics, dial } = serveTopics({ codec: FRESSIAN });
  const store = await goldenStore("datahike-0.8/branch");
  const head = (await store.get(keyword("feature"))) ?? null;
  const branches = (await store.get(keyword("branches"))) ?? null;
  topics.registerStore(store, TOPIC, { walker: datahikeWalker() });
  const reference = new ReferenceClient(await dial(), TOPIC);
  await reference.subscribe();
  await reference.until(() => reference.isSubscribed);
  expect(reference.value(keyword("feature"))).toBeDefined();
  await store.write([
    { op: "set", key: keyword("branches"), value: new EdnSet([DB]) },
    { op: "delete", key: keyword("feature") },
  ]);
  await reference.until(() => reference.value(keyword("feature")) === undefined);
  await store.write([
    { op: "set", key: keyword("feature"), value: head },
    { op: "set", key: keyword("branches"), value: branches },
  ]);
  await reference.until(() => reference.value(keyword("feature")) !== undefined);
  const replica = await storeOf(reference.held.values());
  await replica.set(keyword("branches"), branches);
  expect((await reachable(replica)).size).toBe((await reachable(store)).size);
});

test("a pointer that does not move is not sent again with one that does", async () => {
  const session = await readSession("pubsub-cbor-datahike");
  const publications = session.events.flatMap((event) =>
    event.type === "frame" && event.topic?.type === "publish" ? [event.topic.payload] : [],
  );
  const items = session.events
    .slice(0, 20)
    .flatMap((event) =>
      event.type === "frame" && event.topic?.type === "item" ? [event.topic.item] : [],
    );
  const { topics, dial } = serveTopics({ codec: session.codec });
  const store = await storeOf([]);
  await commit(store, session.codec, items);
  topics.registerStore(store, TOPIC, { walker: datahikeWalker() });
  const client = await dial();
  await client.say(subscribeMessage([[TOPIC, new EdnMap()]]));
  const marker = (await client.hearUntil(":pubsub/handshake-batch-complete")).at(-1);
  await client.say(ackMessage(marker ?? new EdnMap()));
  await client.hearUntil(":pubsub/subscribe-ack");
  const before = client.heard.length;
  await commit(store, session.codec, publications.slice(0, 8));
  await expect
    .poll(() =>
      client.heard.slice(before).map((message) => mapAt(message, "payload").get(keyword("key"))),
    )
    .toContain(DB);
  await commit(store, session.codec, publications.slice(8, 16));
  await expect
    .poll(
      () =>
        client.heard
          .slice(before)
          .filter((message) => mapAt(message, "payload").get(keyword("key")) === DB).length,
    )
    .toBe(2);
  const keys = client.heard
    .slice(before)
    .map((message) => textOf(mapAt(message, "payload").get(keyword("key")) ?? null));
  expect(keys).not.toContain(":branches");
  expect(client.heard.slice(before).map(typeOf)).not.toContain(":pubsub/error");
});

/** The head with another value, which reaches the same. */
async function moved(store: Store): Promise<Edn> {
  const head = await store.get(DB);
  if (!(head instanceof EdnMap)) throw new TypeError("no head");
  return head.with(keyword("max-eid"), 1_000_000);
}

function publishedKeys(client: Client): string[] {
  return client.heard
    .filter((message) => typeOf(message) === ":pubsub/publish")
    .map((message) => textOf(mapAt(message, "payload").get(keyword("key")) ?? null));
}

function maxTxOf(database: Edn | undefined): number | undefined {
  const maxTx = database instanceof EdnMap ? database.get(keyword("max-tx")) : undefined;
  return typeof maxTx === "number" ? maxTx : undefined;
}
