import {
  BodyWriter,
  binary,
  type Codec,
  decodeFrame,
  encoded,
  encodeHead,
  isSyncError,
  MESSAGES,
  type Message,
  readBody,
  type WireOperation,
} from "@datahike-sync/core";
import { type Edn, EdnMap, keyword, print, read, uuid } from "@datahike-sync/edn";
import { cases, mutate, Random } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";

/** EDN text: a codec that needs no other package. */
const codec: Codec = {
  name: "edn",
  lossy: [],
  encode: (value) => new TextEncoder().encode(print(value)),
  decode: (bytes) => read(new TextDecoder().decode(bytes)),
};

const STORE = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
const at = (seq: number) => ({ era: "00112233445566778899aabbccddeeff", seq });
const NOTHING = { cursor: undefined, selection: undefined, tokens: undefined, position: undefined };
const PLAIN_BATCH = {
  type: "batch",
  id: 1,
  batch: 1,
  position: undefined,
  from: undefined,
  to: undefined,
  tokens: undefined,
  count: undefined,
  fingerprint: undefined,
  mode: undefined,
} as const;

/** Each message, with all that it can have and with as little. */
const SAMPLES: readonly Message[] = [
  {
    type: "hello",
    version: 1,
    codec: "edn",
    features: ["deltas"],
    maxFrame: 1,
    maxWindow: 9,
    pingMs: 0,
  },
  {
    type: "hello",
    version: 1,
    codec: "",
    features: [],
    maxFrame: 2 ** 24,
    maxWindow: 2 ** 53 - 1,
    pingMs: 15,
  },
  {
    type: "subscribe",
    id: 3,
    storeId: STORE,
    select: new EdnMap([[keyword("commits"), 2]]),
    have: { cursor: at(7), selection: STORE, tokens: [[keyword("db"), 1]], position: [3, 4] },
    window: 16,
    deltas: ["zlib"],
  },
  { type: "subscribe", id: 0, storeId: STORE, select: null, have: NOTHING, window: 0, deltas: [] },
  {
    type: "subscribed",
    id: 3,
    era: "e",
    last: 9,
    plan: "all",
    selection: STORE,
    total: { entries: 5, bytes: 2 ** 40 },
  },
  {
    type: "subscribed",
    id: 3,
    era: "e",
    last: 0,
    plan: "diff",
    selection: STORE,
    total: undefined,
  },
  PLAIN_BATCH,
  {
    ...PLAIN_BATCH,
    position: [1, "two"],
    from: at(1),
    to: at(2),
    tokens: [1],
    count: 3,
    fingerprint: 2n ** 64n - 1n,
    mode: "recycled",
  },
  { ...PLAIN_BATCH, fingerprint: 0n },
  { type: "offer", id: 1, batch: 2, keys: [keyword("a"), [1, 2], STORE], whole: true },
  { type: "ack", id: 1, batch: 2 },
  { type: "need", id: 1, keys: [] },
  { type: "complete", id: 1, cursor: at(0) },
  { type: "complete", id: 1, cursor: { ...at(1), origin: at(3) } },
  { type: "resync", id: 1, reason: "SLOW_REPLICA" },
  { type: "reconcile", id: 1, ranges: [[1, null], "x"] },
  { type: "unsubscribe", id: 1 },
  { type: "error", id: 1, code: "RETRY_LATER", message: "m", retryable: true, afterMs: 5 },
  { type: "error", id: undefined, code: "C", message: "", retryable: false, afterMs: undefined },
  { type: "ping" },
  { type: "pong" },
];

describe("messages", () => {
  test("all of them come back as they were, from whoever may send them", () => {
    for (const message of SAMPLES) {
      const { sender } = MESSAGES[message.type];
      const frame = encodeHead(message, codec);
      for (const side of sender === "both" ? (["primary", "replica"] as const) : [sender]) {
        const read = decodeFrame(frame, codec, side);
        expect(read.message).toEqual(message);
        expect(read.body).toHaveLength(0);
      }
    }
    expect(new Set(SAMPLES.map(({ type }) => type))).toEqual(new Set(Object.keys(MESSAGES)));
  });

  test("ids are those that were given out, each once", () => {
    const ids = Object.entries(MESSAGES).map(([type, { id }]) => `${id} ${type}`);
    expect(ids).toEqual([
      "1 hello",
      "2 subscribe",
      "3 subscribed",
      "4 batch",
      "5 offer",
      "6 ack",
      "7 need",
      "8 complete",
      "9 resync",
      "10 reconcile",
      "11 unsubscribe",
      "12 error",
      "13 ping",
      "14 pong",
    ]);
  });

  test("an id that is none of ours is named", () => {
    for (const id of [0, 15, 255]) {
      expect(fault(() => decodeFrame(Uint8Array.of(id, 0), codec, "primary"))).toMatchObject({
        code: "UNKNOWN_MESSAGE",
        details: { id },
      });
    }
  });

  test("a message from the side that does not send it is refused", () => {
    const [batch, ack] = [
      encodeHead(PLAIN_BATCH, codec),
      encodeHead({ type: "ack", id: 1, batch: 1 }, codec),
    ];
    expect(fault(() => decodeFrame(batch, codec, "replica")).code).toBe("PROTOCOL_VIOLATION");
    expect(fault(() => decodeFrame(ack, codec, "primary")).code).toBe("PROTOCOL_VIOLATION");
  });

  test("a field of another kind, one too many, and a body where none belongs are refused", () => {
    const head = (fields: Edn) => {
      const bytes = codec.encode(fields);
      return Uint8Array.of(MESSAGES.ack.id, bytes.length, ...bytes);
    };
    for (const fields of [[1, -1], [1, 2 ** 53], [1, "2"], [1, 2, 3], [1], 1, null, [1.5, 2]]) {
      const error = fault(() => decodeFrame(head(fields), codec, "replica"));
      expect(error).toMatchObject({ code: "PROTOCOL_VIOLATION", details: { offset: 1 } });
    }
    const frame = Uint8Array.of(...head([1, 2]), 0);
    expect(fault(() => decodeFrame(frame, codec, "replica")).message).toContain("body");
  });
});

const OPERATIONS: readonly WireOperation[] = [
  set("node", STORE, [1, 2], 1_700_000_000_000),
  set("cell", keyword("a"), null, 1_700_000_000_001),
  set("pointer", keyword("db"), "root", 1_699_999_999_999),
  {
    ...set("cell", "b", 1, -5),
    type: "binary",
    immutable: true,
    value: binary(Uint8Array.of(1, 2)),
  },
  { op: "deleteNode", key: [1], type: "edn", immutable: true, lastWrite: 0 },
  { op: "delete", key: null, type: "binary", immutable: false, lastWrite: 5 },
  { op: "part", key: "big", offset: 2 ** 40, bytes: new Uint8Array(300).fill(7) },
  { ...set("cell", "big", 0, 1), value: undefined },
];

describe("bodies", () => {
  test("operations come back as they were, in order, with their values undecoded", () => {
    const writer = new BodyWriter(codec);
    for (const operation of OPERATIONS) writer.add(operation);
    expect(writer.count).toBe(OPERATIONS.length);
    const body = writer.finish();
    expect([...readBody(body, codec)].map(plain)).toEqual(OPERATIONS.map(plain));
  });

  test("a body without operations is one byte", () => {
    const body = new BodyWriter(codec).finish();
    expect(body).toHaveLength(1);
    expect([...readBody(body, codec)]).toEqual([]);
  });

  test("operations in any order and of any times come back", () => {
    for (let number = 0; number < cases(1000); number++) {
      const random = new Random(number);
      const operations = Array.from({ length: random.below(20) }, () => {
        const sample = random.pick(OPERATIONS);
        const lastWrite = random.below(2 ** random.below(49)) - 2 ** random.below(48);
        return sample.op === "part" ? sample : { ...sample, lastWrite };
      });
      const writer = new BodyWriter(codec);
      for (const operation of operations) writer.add(operation);
      expect([...readBody(writer.finish(), codec)].map(plain)).toEqual(operations.map(plain));
    }
  });

  test("short and long values stand side by side, in any order", () => {
    for (let number = 0; number < cases(2000); number++) {
      const random = new Random(number);
      const operations = Array.from({ length: random.below(12) }, (_, i) => {
        const text = String.fromCharCode(97 + i).repeat(random.below(600));
        return set(random.pick(["node", "cell"]), i, text, 0);
      });
      const writer = new BodyWriter(codec);
      for (const operation of operations) writer.add(operation);
      const { length } = writer;
      const body = writer.finish();
      expect([...readBody(body, codec)].map(plain)).toEqual(operations.map(plain));
      // The time that others are counted from is written with the first operation, or at the end.
      expect(body.length - length).toBe(operations.length > 0 ? 0 : 1);
    }
  });

  test("a time that no calendar has is brought near enough to be sent", () => {
    const writer = new BodyWriter(codec);
    writer.add({
      ...OPERATIONS[4],
      op: "delete",
      key: 1,
      lastWrite: Number.MAX_SAFE_INTEGER,
    } as WireOperation);
    expect([...readBody(writer.finish(), codec)]).toMatchObject([{ lastWrite: 2 ** 48 }]);
  });

  test("small operations cost few bytes beside key and value", () => {
    const writer = new BodyWriter(codec);
    const operations = Array.from({ length: 100 }, (_, i) =>
      set("cell", `key${i}`, i, 1_700_000_000_000 + i),
    );
    for (const operation of operations) writer.add(operation);
    const given = operations.map(
      ({ key, value }) => codec.encode(key).length + (value?.bytes.length ?? 0),
    );
    const size = writer.finish().length;
    expect(size - given.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(5 * 100 + 8);
  });

  test("cut anywhere, a body is refused or ends with a whole operation", () => {
    const writer = new BodyWriter(codec);
    for (const operation of OPERATIONS) writer.add(operation);
    const body = writer.finish();
    for (let end = 0; end < body.length; end++) {
      const outcome = outcomeOf(() => [...readBody(body.subarray(0, end), codec)].length);
      expect(["PROTOCOL_VIOLATION", ...OPERATIONS.keys()]).toContain(outcome);
    }
  });
});

test("changed at random, frames and bodies are read or refused, and nothing else happens", () => {
  const writer = new BodyWriter(codec);
  for (const operation of OPERATIONS) writer.add(operation);
  const body = writer.finish();
  for (let number = 0; number < cases(50_000); number++) {
    const random = new Random(number);
    const frame = mutate(encodeHead(random.pick(SAMPLES), codec), random);
    const side = random.pick(["primary", "replica"] as const);
    const outcome = outcomeOf(() => decodeFrame(frame, codec, side).message.type);
    expect([...Object.keys(MESSAGES), "PROTOCOL_VIOLATION", "UNKNOWN_MESSAGE"]).toContain(outcome);
    const operations = outcomeOf(() => [...readBody(mutate(body, random), codec)].length);
    expect(operations === "PROTOCOL_VIOLATION" || typeof operations === "number").toBe(true);
  }
});

function set(op: "node" | "cell" | "pointer", key: Edn, value: Edn, lastWrite: number) {
  const immutable = op === "node";
  return {
    op,
    key,
    type: "edn",
    immutable,
    lastWrite,
    value: encoded(codec, codec.encode(value)),
  } as const;
}

/** An operation with its value as bytes, to be compared. */
function plain(operation: WireOperation): object {
  return "value" in operation ? { ...operation, value: operation.value?.bytes } : operation;
}

/** What a reader gives, or the code with which it refuses. Any other error is the test's. */
function outcomeOf<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (isSyncError(error)) return error.code;
    throw error;
  }
}

function fault(run: () => unknown): Error & { readonly code: string } {
  try {
    run();
  } catch (error) {
    if (isSyncError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
