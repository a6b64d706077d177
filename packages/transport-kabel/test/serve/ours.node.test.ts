/** Our server and our client, over sockets, in every codec and the words of both generations. */
import { cborHandlers, fressianHandlers } from "@datahike-sync/btset";
import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { transitCodec } from "@datahike-sync/codec-transit";
import type { Codec, Dialer, Store, Transport } from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  EdnSet,
  equals,
  identity,
  isKind,
  keyword,
  uuid,
} from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { Random } from "@datahike-sync/testing";
import {
  authClient,
  authServer,
  follow,
  KABEL_SOCKET,
  KabelPeer,
  type PeerOptions,
  PUBSUB_DIALECT,
  RemoteDatabase,
  RemotePeer,
  SYNC_DIALECT,
  TopicServer,
} from "@datahike-sync/transport-kabel";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { listen, NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { describe, expect, onTestFinished, test } from "vitest";
import { goldenStore, reachable } from "./golden.ts";
import { commit, readSession } from "./recorded.ts";

const TOPIC = uuid("b0000000-0000-0000-0000-00000000000b");
const DIALECTS = [PUBSUB_DIALECT, SYNC_DIALECT];

const CODECS: readonly (readonly [string, () => readonly Codec[]])[] = [
  ["fressian", () => [fressianCodec({ handlers: fressianHandlers() })]],
  ["cbor", () => [cborCodec({ handlers: cborHandlers() })]],
  ["transit-json", () => [transitCodec({ format: "json" })]],
  ["transit-msgpack", () => [transitCodec({ format: "msgpack" })]],
  ["EDN text", () => []],
];

async function open(codecs: readonly Codec[], serving: PeerOptions = {}, asking: PeerOptions = {}) {
  const server = await listen({ host: "127.0.0.1", ...KABEL_SOCKET });
  const there = new KabelPeer({ codecs, ...serving });
  const remote = new RemotePeer(there);
  const topics = new TopicServer({ codec: codecs[0] ?? fressianCodec() });
  topics.serve(there);
  there.serve(server);
  const here = new KabelPeer({ codecs, backoffMs: { min: 1, max: 20 }, ...asking });
  const dial = wsDialer(server.address, { WebSocket: NodeWebSocket, ...KABEL_SOCKET });
  onTestFinished(async () => {
    await here.close();
    await topics.close();
    await there.close();
    await server.close();
  });
  return { there, topics, remote, here, dial };
}

/** Compared as the codec gives it back: some turn a list into a vector. */
async function isSameContent(a: Store, b: Store): Promise<boolean> {
  const [left, right] = [await contentOf(a), await contentOf(b)];
  if (left.size !== right.size) return false;
  for (const [id, value] of left) {
    const other = right.get(id);
    if (other === undefined || !equals(value, other)) return false;
  }
  return true;
}

async function contentOf(store: Store): Promise<Map<string, Edn>> {
  const found = new Map<string, Edn>();
  for await (const { key } of store.keys())
    found.set(identity(key), (await store.get(key)) ?? null);
  return found;
}

describe.each(CODECS)("in %s", (_, codecs) => {
  test.each(DIALECTS)(
    "a store is followed, with what is committed, in the words of $name",
    async (dialect) => {
      const { topics, here, dial } = await open(codecs());
      const store = await MemoryStore.open();
      const value = new EdnMap([
        [keyword("a"), [1, null, true, "äöü 😀"]],
        [keyword("at"), new Date(1e12)],
        [keyword("set"), new EdnSet([keyword("x"), uuid("00000000-0000-0000-0000-0000000000ab")])],
      ]);
      for (let i = 0; i < 50; i++) await store.set([keyword("vec"), i], value);
      topics.registerStore(store, TOPIC);
      const replica = await MemoryStore.open();
      await using following = follow(here.link(dial), TOPIC, replica, { dialect });
      await following.synced();
      expect(await isSameContent(store, replica)).toBe(true);
      await store.write([
        { op: "set", key: "new", value: 1, immutable: true },
        { op: "delete", key: [keyword("vec"), 3] },
        { op: "set", key: [keyword("vec"), 4], value: "other" },
      ]);
      await expect.poll(() => isSameContent(store, replica), { timeout: 60_000 }).toBe(true);
    },
  );
});

describe.each([CODECS[0], CODECS[1]].filter((codec) => codec !== undefined))(
  "Datahike in %s",
  (_, codecs) => {
    test.each(DIALECTS)("is followed whole, in the words of $name", async (dialect) => {
      const { topics, here, dial } = await open(codecs());
      const store = await goldenStore("datahike-0.8/small-bf");
      topics.registerStore(store, TOPIC, { walker: datahikeWalker() });
      const replica = await MemoryStore.open();
      const walker = datahikeWalker();
      await using following = follow(here.link(dial), TOPIC, replica, { dialect, walker });
      await following.synced();
      const expected = await reachable(store);
      expect(new Set((await reachable(replica)).keys())).toEqual(new Set(expected.keys()));
      expect(following.status.consistent).toBe(true);
    });
  },
);

describe.each(DIALECTS)("a line of $name that is cut", (dialect) => {
  test("anywhere, again and again, leaves a replica that ends as the store did", async () => {
    const random = new Random(DIALECTS.indexOf(dialect));
    const codecs = [fressianCodec({ handlers: fressianHandlers() })];
    const { topics, here, dial } = await open(codecs);
    const store = await MemoryStore.open();
    topics.registerStore(store, TOPIC);
    const replica = await MemoryStore.open();
    let cuts = 0;
    let isCutting = true;
    const cut: Dialer = async (options) => {
      const line = await dial(options);
      let left = isCutting ? 1 + random.below(40) : Number.POSITIVE_INFINITY;
      line.onClose(() => cuts++);
      const onMessage: Transport["onMessage"] = (listener) =>
        line.onMessage((message) => {
          listener(message);
          if (--left === 0) void line.close();
        });
      return {
        get peer() {
          return line.peer;
        },
        get state() {
          return line.state;
        },
        send: (head, body) => line.send(head, body),
        onMessage,
        onClose: (listener) => line.onClose(listener),
        close: (code, reason) => line.close(code, reason),
        [Symbol.asyncDispose]: () => line.close(),
      };
    };
    await using following = follow(here.link(cut), TOPIC, replica, { dialect });
    // Cells alone: of one that goes while its follower is away these words cannot tell.
    for (let i = 0; i < 150 || cuts < 5; i++) {
      // A store in memory lets no socket have its turn.
      await new Promise((resolve) => setImmediate(resolve));
      const immutable = random.below(3) === 0;
      const key = immutable ? `node ${i}` : random.below(60);
      await store.set(key, [i, "x".repeat(random.below(200))], { immutable });
    }
    isCutting = false;
    await expect.poll(() => isSameContent(store, replica), { timeout: 100_000 }).toBe(true);
    expect(following.status.phase).toBe("live");
  });
});

test("a transaction of somebody with a token comes back through the store, before it is over", async () => {
  const { codec, events } = await readSession("pubsub-cbor-writer");
  const said = events.flatMap((event) =>
    event.type === "frame" && event.from === "server" ? [event] : [],
  );
  const items = said.flatMap(({ topic }) => (topic?.type === "item" ? [topic.item] : []));
  const changes = said.flatMap(({ topic }) => {
    return topic?.type === "publish" && isKind(topic.topic, "uuid") ? [topic.payload] : [];
  });
  const report = said.find(({ message }) => message.has(keyword("result")))?.message;
  const callers: unknown[] = [];
  const { topics, remote, here, dial } = await open(
    [codec],
    { middleware: authServer({ authenticate: ({ token }) => ({ principal: token }) }) },
    { middleware: authClient(async () => "ada") },
  );
  const caller = new RemotePeer(here);
  const store = await MemoryStore.open({ codec });
  await commit(store, codec, items);
  topics.registerStore(store, TOPIC, {
    walker: datahikeWalker(),
    authorize: ({ principal }) => principal === "ada",
  });
  remote.register("datahike.kabel/dispatch", async (_, { principal }) => {
    callers.push(principal);
    // The answer is on its way before what it tells of.
    void Promise.resolve().then(() => commit(store, codec, changes.slice(0, 8)));
    return report?.get(keyword("result")) ?? null;
  });
  const replica = await MemoryStore.open({ codec });
  const link = here.link(dial);
  await using following = follow(link, TOPIC, replica, { walker: datahikeWalker() });
  await following.synced();
  const database = new RemoteDatabase({ remote: caller, to: link, storeId: TOPIC, replica });
  const { maxTx } = await database.transact([]);
  const head = await replica.get(keyword("db"));
  expect(head instanceof EdnMap && head.get(keyword("max-tx"))).toBe(maxTx);
  expect(new Set((await reachable(replica)).keys())).toEqual(
    new Set((await reachable(store)).keys()),
  );
  expect(callers).toEqual(["ada"]);
});
