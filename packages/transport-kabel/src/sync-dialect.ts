/** The words of December 2025: `:sync/…`, for stores alone, each by its store id. */
import { type Edn, EdnMap, isKind, type Keyword, keyword, type Uuid } from "@datahike-sync/edn";
import { ASSOC, DISSOC, KEY, KVS, OPERATION, payloadOfPairs, VALUE } from "./store-changes.ts";
import { BATCH, countOf, ERROR, ID, malformed, mapOf, uuidOf, valueOf } from "./topic-fields.ts";
import type { TopicDialect, TopicMessage } from "./topic-message.ts";
import { type Pair, type Spelled, topicDialect } from "./topic-words.ts";

const STORE: Keyword = keyword("store-id");
const TIMES: Keyword = keyword("local-key-timestamps");

/** An entry of the initial synchronisation. */
const WRITE: Keyword = keyword("key/write");
const LIVE_ASSOC: Keyword = keyword("key/assoc");
const LIVE_DISSOC: Keyword = keyword("key/dissoc");
const LIVE_PAIRS: Keyword = keyword("key/multi-assoc");

/** konserve-sync of December 2025. A subscription ends with its line, and subscribers never publish. */
export const SYNC_DIALECT: TopicDialect = topicDialect({
  name: "sync",
  acknowledgesFirst: true,
  canUnsubscribe: false,
  losesFastAcks: false,
  canPublish: false,
  readers: {
    subscribe: (message) => ({
      type: "subscribe",
      id: uuidOf(message, ID),
      topics: [{ topic: storeOf(message), state: mapOf(message, TIMES) }],
    }),
    "subscribe-ack": (message) => ({
      type: "subscribed",
      id: uuidOf(message, ID),
      topics: [storeOf(message)],
    }),
    "subscribe-error": (message) => ({
      type: "error",
      topic: storeOf(message),
      id: uuidOf(message, ID),
      error: valueOf(message, ERROR),
    }),
    update: readUpdate,
    "batch-complete": (message) => ({
      type: "batch",
      topic: storeOf(message),
      batch: countOf(message, BATCH),
    }),
    "batch-ack": (message) => ({
      type: "ack",
      topic: storeOf(message),
      batch: countOf(message, BATCH),
    }),
    complete: (message) => ({ type: "complete", topic: storeOf(message) }),
  },
  spellings: {
    subscribe: ({ id, topics }) => {
      const [only, ...others] = topics;
      if (only === undefined || others.length > 0) throw new TypeError("one store at a time");
      return ["subscribe", [STORE, only.topic], [TIMES, only.state ?? new EdnMap()], [ID, id]];
    },
    subscribed: ({ id, topics }) => {
      const [topic, ...others] = topics;
      if (topic === undefined || others.length > 0) throw new TypeError("one store at a time");
      return ["subscribe-ack", [STORE, topic], [ID, id]];
    },
    error: ({ topic, id, error }) => [
      "subscribe-error",
      [STORE, topic],
      [ERROR, error],
      ...withId(id),
    ],
    item: ({ topic, item }) => spellChange(topic, WRITE, item),
    publish: ({ topic, payload }) => {
      const operation = isKind(payload, "map") ? payload.get(OPERATION) : undefined;
      if (operation === DISSOC) return spellChange(topic, LIVE_DISSOC, payload);
      return spellChange(topic, operation === ASSOC ? LIVE_ASSOC : LIVE_PAIRS, payload);
    },
    batch: ({ topic, batch }) => ["batch-complete", [STORE, topic], [BATCH, batch]],
    ack: ({ topic, batch }) => ["batch-ack", [STORE, topic], [BATCH, batch]],
    complete: ({ topic }) => ["complete", [STORE, topic]],
  },
});

/** One type carries both what is there and what happens: the operation tells them apart. */
function readUpdate(message: EdnMap): TopicMessage {
  const topic = storeOf(message);
  const operation = message.get(OPERATION);
  if (operation === LIVE_PAIRS) {
    return { type: "publish", topic, payload: payloadOfPairs(valueOf(message, KVS)) };
  }
  const key: Pair = [KEY, valueOf(message, KEY)];
  if (operation === LIVE_DISSOC) {
    return { type: "publish", topic, payload: new EdnMap([key, [OPERATION, DISSOC]]) };
  }
  const value: Pair = [VALUE, message.get(VALUE) ?? null];
  if (operation === WRITE) return { type: "item", topic, item: new EdnMap([key, value]) };
  if (operation !== LIVE_ASSOC) throw malformed(message, OPERATION);
  return { type: "publish", topic, payload: new EdnMap([key, value, [OPERATION, ASSOC]]) };
}

/** Only what these words have: the metadata of an entry is not among them. */
function spellChange(topic: Edn, operation: Keyword, change: Edn): Spelled {
  if (!isKind(change, "map")) throw new TypeError("only changes of stores have words here");
  const fields = FIELDS.filter((field) => change.has(field));
  return [
    "update",
    [STORE, topic],
    [OPERATION, operation],
    ...fields.map((field): Pair => [field, change.get(field) ?? null]),
  ];
}

const FIELDS: readonly Keyword[] = [KEY, VALUE, KVS];

function storeOf(message: EdnMap): Edn {
  return valueOf(message, STORE);
}

function withId(id: Uuid | undefined): Pair[] {
  return id === undefined ? [] : [[ID, id]];
}
