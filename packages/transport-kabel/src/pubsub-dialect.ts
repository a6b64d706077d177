/** The words of 2026: `:pubsub/…`, for topics of any kind. */
import { type Edn, EdnMap, EdnSet, type Keyword, keyword } from "@datahike-sync/edn";
import { BATCH, countOf, ERROR, ID, itemsOf, mapOf, uuidOf, valueOf } from "./topic-fields.ts";
import type { TopicDialect } from "./topic-message.ts";
import { type Pair, topicDialect } from "./topic-words.ts";

const TOPIC: Keyword = keyword("topic");
const TOPICS: Keyword = keyword("topics");
const STATES: Keyword = keyword("client-states");
const DATA: Keyword = keyword("data");
const COUNT: Keyword = keyword("item-count");
const PAYLOAD: Keyword = keyword("payload");
const MESSAGE: Keyword = keyword("message");

/** konserve-sync and Datahike of 2026, on kabel's topics. */
export const PUBSUB_DIALECT: TopicDialect = topicDialect({
  name: "pubsub",
  acknowledgesFirst: false,
  canUnsubscribe: true,
  losesFastAcks: true,
  canPublish: true,
  readers: {
    subscribe: (message) => {
      // Who has no states may say so by `nil`, or by nothing.
      const states = (message.get(STATES) ?? null) === null ? NO_STATES : mapOf(message, STATES);
      return {
        type: "subscribe",
        id: uuidOf(message, ID),
        topics: itemsOf(message, TOPICS).map((topic) => ({
          topic,
          state: states.get(topic) ?? null,
        })),
      };
    },
    "handshake-data": (message) => ({
      type: "item",
      topic: topicOf(message),
      item: message.get(DATA) ?? null,
    }),
    "handshake-batch-complete": (message) => ({
      type: "batch",
      topic: topicOf(message),
      batch: countOf(message, BATCH),
      count: message.has(COUNT) ? countOf(message, COUNT) : undefined,
    }),
    "handshake-ack": (message) => ({
      type: "ack",
      topic: topicOf(message),
      batch: countOf(message, BATCH),
    }),
    "handshake-complete": (message) => ({ type: "complete", topic: topicOf(message) }),
    "subscribe-ack": (message) => ({
      type: "subscribed",
      id: uuidOf(message, ID),
      topics: itemsOf(message, TOPICS),
    }),
    unsubscribe: (message) => ({ type: "unsubscribe", topics: itemsOf(message, TOPICS) }),
    publish: (message) => ({
      type: "publish",
      topic: topicOf(message),
      payload: message.get(PAYLOAD) ?? null,
    }),
    error: (message) => {
      const text = message.get(MESSAGE);
      return {
        type: "error",
        topic: topicOf(message),
        error: valueOf(message, ERROR),
        message: typeof text === "string" ? text : undefined,
      };
    },
  },
  spellings: {
    subscribe: ({ id, topics }) => [
      "subscribe",
      [ID, id],
      [TOPICS, new EdnSet(topics.map(({ topic }) => topic))],
      [STATES, new EdnMap(topics.map(({ topic, state }) => [topic, state]))],
    ],
    item: ({ topic, item }) => ["handshake-data", [TOPIC, topic], [DATA, item]],
    batch: ({ topic, batch, count }) => [
      "handshake-batch-complete",
      [TOPIC, topic],
      [BATCH, batch],
      ...optional(COUNT, count),
    ],
    ack: ({ topic, batch }) => ["handshake-ack", [TOPIC, topic], [BATCH, batch]],
    complete: ({ topic }) => ["handshake-complete", [TOPIC, topic]],
    subscribed: ({ id, topics }) => ["subscribe-ack", [ID, id], [TOPICS, new EdnSet(topics)]],
    unsubscribe: ({ topics }) => ["unsubscribe", [TOPICS, new EdnSet(topics)]],
    publish: ({ topic, payload }) => ["publish", [TOPIC, topic], [PAYLOAD, payload]],
    error: ({ topic, error, message }) => [
      "error",
      [TOPIC, topic],
      [ERROR, error],
      ...optional(MESSAGE, message),
    ],
  },
});

const NO_STATES: EdnMap = new EdnMap();

function topicOf(message: EdnMap): Edn {
  return valueOf(message, TOPIC);
}

function optional(field: Keyword, value: Edn | undefined): Pair[] {
  return value === undefined ? [] : [[field, value]];
}
