import { EdnMap, keyword, print, read, uuid } from "@datahike-sync/edn";
import {
  PUBSUB_DIALECT,
  payloadOf,
  readChanges,
  readItem,
  SYNC_DIALECT,
} from "@datahike-sync/transport-kabel";
import { describe, expect, test } from "vitest";
import { messageOf, spokenIn } from "./follow-ends.ts";
import { RECORDINGS, readRecording } from "./recordings.ts";

const TOPIC = uuid("a0000000-0000-0000-0000-00000000000a");

test.each(RECORDINGS)(
  "every message about a topic in %s is read, and spelled again",
  async (name) => {
    const spoken = spokenIn(name);
    const { codec, dialect } = spoken;
    let count = 0;
    for (const frame of (await readRecording(name)).flat()) {
      const map = messageOf(frame, codec);
      const message = dialect.read(map);
      expect(message === undefined).toBe(!frame.type.startsWith(`:${dialect.name}/`));
      if (message === undefined) continue;
      const spelled = dialect.spell(message);
      expect(spelled.identity).toBe(map.identity);
      // The order of the fields, too; what the codec makes of values is not asked here.
      expect(codec.encode(spelled)).toEqual(codec.encode(map));
      count++;
    }
    expect(count).toBeGreaterThan(10);
  },
);

describe("changes of a store", () => {
  test("are what was written as one, in a map or in order", () => {
    for (const pairs of ["{:a 1 :b nil}", "[[:a 1] [:b nil]]", "([:a 1] [:b nil])"]) {
      const changes = readChanges(new EdnMap([[keyword("kvs"), read(pairs)]]));
      expect(changes.map((change) => (change.op === "set" ? change.value : "gone"))).toEqual([
        1,
        null,
      ]);
    }
  });

  test("are read as they were spelled", () => {
    const set = { op: "set", key: "k", value: null, immutable: true } as const;
    const gone = { op: "delete", key: ["k"] } as const;
    expect(readChanges(payloadOf(set))).toEqual([set]);
    expect(readChanges(payloadOf(gone))).toEqual([gone]);
  });

  test.each([
    "5",
    "{:value 1}",
    "{:key nil :value 1}",
    "{:kvs 5}",
    "{:kvs [5]}",
    "{:kvs [[nil 1]]}",
  ])("%s is none", (text) => {
    expect(() => readChanges(read(text))).toThrow(
      expect.objectContaining({ code: "PROTOCOL_VIOLATION" }),
    );
  });

  test("an item that is none is refused", () => {
    expect(() => readItem(5)).toThrow(expect.objectContaining({ code: "PROTOCOL_VIOLATION" }));
  });
});

test.each([
  ["{:type :pubsub/subscribe}", "id"],
  ["{:type :pubsub/handshake-batch-complete :topic 1 :batch-idx -1}", "batch-idx"],
  ["{:type :pubsub/handshake-batch-complete :topic 1 :batch-idx 0 :item-count 1.5}", "item-count"],
  ["{:type :pubsub/publish :payload 1}", "topic"],
  ["{:type :pubsub/error :topic 1}", "error"],
  ["{:type :pubsub/unsubscribe :topics 1}", "topics"],
])("%s is refused for its field %s", (text, field) => {
  expect(() => PUBSUB_DIALECT.read(mapOf(text))).toThrow(
    expect.objectContaining({
      code: "PROTOCOL_VIOLATION",
      details: expect.objectContaining({ field }),
    }),
  );
});

test.each([
  ["{:type :sync/subscribe :store-id 1}", "id"],
  ["{:type :sync/update :store-id 1 :operation :key/never :key 1}", "operation"],
  ["{:type :sync/update :store-id 1 :operation :key/write :key nil}", "key"],
  ["{:type :sync/update :store-id 1 :operation :key/multi-assoc}", "kvs"],
  ["{:type :sync/batch-complete :store-id 1}", "batch-idx"],
  ["{:type :sync/complete}", "store-id"],
])("%s is refused for its field %s", (text, field) => {
  expect(() => SYNC_DIALECT.read(mapOf(text))).toThrow(
    expect.objectContaining({
      code: "PROTOCOL_VIOLATION",
      details: expect.objectContaining({ field }),
    }),
  );
});

test("a type that neither dialect has is something else", () => {
  for (const text of ["{:type :pubsub/later}", "{:type 5}", "{}", "{:type :sync/later}"]) {
    expect(PUBSUB_DIALECT.read(mapOf(text)) ?? SYNC_DIALECT.read(mapOf(text))).toBe(undefined);
  }
});

test("what a dialect has no words for is a TypeError", () => {
  expect(() => SYNC_DIALECT.spell({ type: "unsubscribe", topics: [TOPIC] })).toThrow(TypeError);
  expect(() => SYNC_DIALECT.spell({ type: "publish", topic: TOPIC, payload: 5 })).toThrow(
    TypeError,
  );
  expect(() => SYNC_DIALECT.spell({ type: "subscribe", id: TOPIC, topics: [] })).toThrow(TypeError);
});

test("a request without states is one with none", () => {
  const message = PUBSUB_DIALECT.read(
    mapOf(`{:type :pubsub/subscribe :id #uuid "${TOPIC}" :topics [1]}`),
  );
  expect(message).toMatchObject({ topics: [{ topic: 1, state: null }] });
});

function mapOf(text: string): EdnMap {
  const value = read(text);
  if (!(value instanceof EdnMap)) throw new Error(print(value));
  return value;
}
