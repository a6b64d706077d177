import { cborCodec } from "@datahike-sync/codec-cbor";
import { type Edn, EdnMap, keyword, print, Tagged, uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import type { TopicEvent, TopicServer } from "@datahike-sync/transport-kabel";
import { describe, expect, test } from "vitest";
import { until } from "../follow-ends.ts";
import { serveTopics, subscribeMessage } from "./ends.ts";

const STORE = uuid("b0000000-0000-0000-0000-00000000000b");
const NEWS = keyword("news");

/** What the operator is told, as words. */
function logOf(topics: TopicServer): string[] {
  const log: string[] = [];
  topics.onEvent((event) => log.push(wordsOf(event)));
  return log;
}

function wordsOf(event: TopicEvent): string {
  const topic = "topic" in event ? ` ${print(event.topic)}` : "";
  return `${event.type}${topic}${"error" in event ? ` ${event.error.code}` : ""}`;
}

async function storeOf(key: Edn, value: Edn): Promise<MemoryStore> {
  const store = await MemoryStore.open();
  await store.set(key, value);
  return store;
}

describe("the operator of a server of topics is told", () => {
  test("who has subscribed to what", async () => {
    const { topics, dial } = serveTopics();
    const log = logOf(topics);
    topics.registerStore(await storeOf("a", 1), STORE);
    topics.registerTopic(NEWS);
    const client = await dial();
    await client.subscribe(STORE);
    await client.subscribe(NEWS);
    expect(log).toEqual([`subscribed #uuid "${STORE}"`, "subscribed :news"]);
  });

  test("who was refused, and why, which the other side is not", async () => {
    const { topics, dial } = serveTopics();
    const events: TopicEvent[] = [];
    topics.onEvent((event) => events.push(event));
    const fault = new Error("the directory is down");
    const authorize = () => {
      throw fault;
    };
    topics.registerStore(await storeOf("a", 1), STORE, { authorize });
    topics.registerTopic(NEWS, { authorize });
    const client = await dial();
    for (const topic of [STORE, NEWS, keyword("nowhere")]) await client.subscribe(topic);
    expect(events.map(wordsOf)).toEqual([
      `refused #uuid "${STORE}" STORE_NOT_FOUND`,
      "refused :news UNAUTHORIZED",
      "refused :nowhere STORE_NOT_FOUND",
    ]);
    const causes = events.map((event) => "error" in event && event.error.cause);
    expect(causes).toEqual([fault, fault, undefined]);
  });

  test("of a value that the codec of a line has no form for, in a handshake and later", async () => {
    const { topics, dial } = serveTopics({ codec: cborCodec() });
    const log = logOf(topics);
    const pair = new Tagged("pair", [1, 2]);
    topics.registerStore(await storeOf("a", pair), STORE);
    const store = await storeOf("a", 1);
    const other = uuid("b0000000-0000-0000-0000-00000000000c");
    topics.registerStore(store, other);
    const news = topics.registerTopic(NEWS);
    const client = await dial();
    expect((await client.subscribe(STORE)).isSubscribed).toBe(false);
    expect(log).toEqual([`failed #uuid "${STORE}" CODEC_UNSUPPORTED`]);
    await client.subscribe(other);
    await client.subscribe(NEWS);
    const ended = new Promise((resolve) => client.line.onClose(resolve));
    await store.set("a", pair);
    expect(await ended).toMatchObject({ code: "CODEC_UNSUPPORTED" });
    const next = await dial();
    await next.subscribe(NEWS);
    const nextEnded = new Promise((resolve) => next.line.onClose(resolve));
    news.publish(pair);
    expect(await nextEnded).toMatchObject({ code: "CODEC_UNSUPPORTED" });
    expect(log.filter((words) => words.startsWith("failed"))).toEqual([
      `failed #uuid "${STORE}" CODEC_UNSUPPORTED`,
      `failed #uuid "${other}" CODEC_UNSUPPORTED`,
      "failed :news CODEC_UNSUPPORTED",
    ]);
  });

  test("of those who do not acknowledge, and of those who do not read", async () => {
    const { topics, dial } = serveTopics({
      limits: { batchTimeoutMs: 100 },
      maxQueueBytes: 16 * 1024,
    });
    const log = logOf(topics);
    topics.registerStore(await storeOf("a", 1), STORE);
    const news = topics.registerTopic(NEWS);
    const silent = await dial();
    await silent.say(subscribeMessage([[STORE, new EdnMap()]]));
    await until(() => log.length > 0);
    expect(log).toEqual([`failed #uuid "${STORE}" ACK_TIMEOUT`]);
    const slow = await dial();
    await slow.subscribe(NEWS);
    slow.transport.onMessage(() => undefined)();
    for (let i = 0; i < 150; i++) news.publish("x".repeat(100));
    await until(() => log.length > 2);
    expect(log.slice(1)).toEqual(["subscribed :news", "failed :news LIMIT_EXCEEDED"]);
  });

  test("of publications that were refused, or could not be written", async () => {
    const { topics, dial } = serveTopics();
    const log = logOf(topics);
    topics.registerStore(await storeOf("a", 1), STORE, {
      authorizePublish: ({ principal }) => principal === "ada",
    });
    topics.registerTopic(NEWS);
    const publish = `{:type :pubsub/publish :topic #uuid "${STORE}" :payload`;
    const [ada, eve] = [await dial("ada"), await dial("eve")];
    await eve.say(`${publish} {:key "a" :value 2 :operation :assoc}}`);
    await eve.say(`{:type :pubsub/publish :topic :news :payload 1}`);
    await eve.hearUntil(":pubsub/error");
    await eve.hearUntil(":pubsub/error");
    await ada.say(`${publish} {:value 2 :operation :assoc}}`);
    await ada.hearUntil(":pubsub/error");
    expect(log).toEqual([
      `publish-refused #uuid "${STORE}" UNAUTHORIZED`,
      "publish-refused :news UNAUTHORIZED",
      `publish-refused #uuid "${STORE}" PROTOCOL_VIOLATION`,
    ]);
  });
});
