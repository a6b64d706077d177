/** Peers that send what no peer sends: the line ends with a code, or goes on, and nobody else notices. */
import { EdnMap, keyword, randomUuid, uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import { ChannelServer } from "@datahike-sync/transport-channel";
import { authServer, KabelPeer, RemotePeer, TopicServer } from "@datahike-sync/transport-kabel";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Client, serveTopics, subscribeMessage, typeOf } from "./ends.ts";
import { FRESSIAN } from "./golden.ts";
import { readSession, SESSIONS } from "./recorded.ts";

const TOPIC = uuid("b0000000-0000-0000-0000-00000000000b");

/** Codes with which a line may end that was sent nonsense. */
const ENDINGS = [
  "CODEC_INVALID",
  "CODEC_LIMIT",
  "CODEC_TRUNCATED",
  "EDN_SYNTAX",
  "LIMIT_EXCEEDED",
  "PROTOCOL_VIOLATION",
  "UNAUTHORIZED",
  "UNKNOWN_CODEC",
  "UNKNOWN_MESSAGE",
  undefined,
];

test("frames of real sessions, damaged, are refused or taken, and the next line is served", async () => {
  const frames: Uint8Array[] = [];
  for (const name of SESSIONS) {
    const { events } = await readSession(name);
    for (const event of events) if (event.type === "frame") frames.push(event.bytes);
  }
  const network = new ChannelServer();
  const middleware = authServer({
    anonymous: "pass",
    authenticate: ({ token }) => ({ principal: token }),
  });
  const peer = new KabelPeer({ codecs: [FRESSIAN], hello: false, middleware });
  const remote = new RemotePeer(peer);
  remote.register("datahike.kabel/dispatch", (args) => args);
  const topics = new TopicServer({ codec: FRESSIAN });
  topics.serve(peer);
  peer.serve(network);
  onTestFinished(async () => {
    await topics.close();
    await peer.close();
  });
  const store = await MemoryStore.open({ codec: FRESSIAN });
  for (let i = 0; i < 30; i++) await store.set(i, i);
  topics.registerStore(store, TOPIC, { authorizePublish: () => true });
  const codes = new Set<string | undefined>();
  for (let at = 0; at < cases(3000); at++) {
    const random = new Random(at);
    const line = await network.dial();
    line.onMessage(() => undefined);
    const ended = new Promise<string | undefined>((resolve) => {
      line.onClose(({ code, error }) => resolve(code ?? error?.code));
    });
    for (let count = 1 + random.below(4); count > 0; count--) {
      const frame = random.pick(frames);
      await line
        .send(random.below(8) === 0 ? frame.slice() : mutate(frame, random))
        .catch(() => undefined);
    }
    await line.close();
    const code = await ended;
    expect(ENDINGS, `seed ${seed}, case ${at}`).toContain(code);
    codes.add(code);
  }
  expect(codes.size, "several kinds of damage").toBeGreaterThan(2);
  await expect.poll(() => peer.connections.size).toBe(0);
  await store.set("still", "there");
  const healthy = new KabelPeer({ codecs: [FRESSIAN], hello: false });
  onTestFinished(() => healthy.close());
  const connection = await healthy.connect(network.dial);
  const heard: string[] = [];
  const types = ["pubsub/handshake-data", "pubsub/handshake-batch-complete"];
  connection.on(
    types.map((type) => keyword(type)),
    (message) => heard.push(typeOf(message)),
  );
  await connection.send(subscribeMessage([[TOPIC, new EdnMap()]]));
  await expect.poll(() => heard.at(-1)).toBe(":pubsub/handshake-batch-complete");
});

describe("too much", () => {
  async function flooded(message: (at: number) => EdnMap): Promise<unknown> {
    const { topics, dial } = serveTopics();
    let answer: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    topics.registerTopic(keyword("slow"), {
      authorize: () => gate.then(() => true),
      authorizePublish: () => gate.then(() => true),
    });
    const client = await dial();
    const ended = new Promise((resolve) => client.line.onClose(resolve));
    for (let at = 0; at < 150; at++) await client.say(message(at)).catch(() => undefined);
    const close = await ended;
    answer();
    return close;
  }

  test("asked at once ends the line", async () => {
    const close = await flooded(() => subscribeMessage([[keyword("slow"), null]]));
    expect(close).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  test("published at once ends the line", async () => {
    const close = await flooded(
      (at) =>
        new EdnMap([
          [keyword("type"), keyword("pubsub/publish")],
          [keyword("topic"), keyword("slow")],
          [keyword("payload"), at],
        ]),
    );
    expect(close).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  test("in one request takes its turn, and ends with the line", async () => {
    const { topics, dial, peer } = serveTopics();
    topics.registerStore(await MemoryStore.open(), TOPIC);
    const client = await dial();
    const many = Array.from({ length: 5_000 }, () => [randomUuid(), null] as const);
    await client.say(subscribeMessage(many));
    expect(typeOf((await client.hear()) ?? new EdnMap())).toBe(":pubsub/error");
    const other = await dial();
    expect((await other.subscribe(TOPIC)).isSubscribed).toBe(true);
    await client.transport.close();
    await expect.poll(() => peer.connections.size).toBe(1);
  });

  test("reported is looked at once, and costs no more than its size", async () => {
    const { topics, dial } = serveTopics();
    topics.registerStore(await MemoryStore.open(), TOPIC);
    const client = await dial();
    const state = new EdnMap(Array.from({ length: 20_000 }, (_, at) => [at, new Date(at)]));
    const { isSubscribed } = await client.subscribe(TOPIC, state);
    expect(isSubscribed).toBe(true);
    await expect
      .poll(() => client.heard.filter((message) => typeOf(message) === ":pubsub/publish").length, {
        timeout: 60_000,
      })
      .toBe(20_000);
  });
});

describe("a malformed message", () => {
  const SUBSCRIBE = `{:type :pubsub/subscribe :id #uuid "${TOPIC}"`;
  const MESSAGES = [
    `${SUBSCRIBE} :topics 7 :client-states {}}`,
    `${SUBSCRIBE} :client-states {}}`,
    `${SUBSCRIBE} :topics #{1} :client-states 3}`,
    "{:type :pubsub/subscribe :id 1 :topics #{} :client-states {}}",
    "{:type :pubsub/handshake-ack :topic 1}",
    "{:type :pubsub/handshake-ack :topic 1 :batch-idx -1}",
    "{:type :pubsub/publish}",
    "{:type :pubsub/unsubscribe :topics nil}",
    "{:type :sync/subscribe :store-id 1}",
    "{:type :sync/update :store-id 1 :operation :key/unheard :key 1}",
  ];
  test.each(MESSAGES)("ends the line: %s", async (message) => {
    const { dial } = serveTopics();
    const client = await dial();
    const ended = new Promise((resolve) => client.line.onClose(resolve));
    await client.say(message);
    expect(await ended).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  const HARMLESS = [
    "{:type :pubsub/handshake-ack :topic 1 :batch-idx 7}",
    "{:type :pubsub/unsubscribe :topics #{1 2}}",
    "{:type :pubsub/unheard-of :topic 1}",
    "{:type :sync/complete :store-id 1}",
    "{:type 7}",
    "{}",
  ];
  test.each(HARMLESS)("or one that asks for nothing is left unread: %s", async (message) => {
    const { dial, topics } = serveTopics();
    topics.registerTopic(keyword("news"));
    const client: Client = await dial();
    await client.say(message);
    expect((await client.subscribe(keyword("news"))).isSubscribed).toBe(true);
    expect(client.heard.map(typeOf)).toEqual([
      ":pubsub/handshake-complete",
      ":pubsub/subscribe-ack",
    ]);
  });
});
