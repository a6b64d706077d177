/** Messages of every type, with all that they can have and with as little. */
import {
  BodyWriter,
  binary,
  type Codec,
  encoded,
  type Field,
  isSyncError,
  MESSAGES,
  type Message,
  type MessageType,
  type Role,
  type WireOperation,
} from "@datahike-sync/core";
import { type Edn, keyword, print, uuid } from "@datahike-sync/edn";
import { EXAMPLES } from "../codec/examples.ts";
import { bytesOf } from "../transport/line.ts";

/** A message, and what follows it where it has a body. */
export interface Said {
  readonly message: Message;
  readonly body?: Uint8Array | undefined;
}

/** A message in words that are the same when it is. */
export function textOf(message: Message): string {
  return `${message.type} ${print(headOf(message.type).write(message))}`;
}

/** How the fields of a message are written and read. */
export function headOf(type: MessageType): Field<object> {
  return MESSAGES[type].head;
}

/** Whether somebody in this role may send messages of that type. */
export function maySend(role: Role, type: MessageType): boolean {
  const { sender } = MESSAGES[type];
  return sender === "both" || sender === role;
}

/** The examples of what is said in this role. */
export function examplesOf(role: Role, codec: Codec, carries: readonly MessageType[]): Said[] {
  return messages(valuesOf(codec))
    .filter(({ type }) => carries.includes(type) && maySend(role, type))
    .map((message, index) =>
      message.type === "batch" ? { message, body: bodyOf(codec, index) } : { message },
    );
}

/** The same message for another subscription, where it is for one: to tell many of a type apart. */
export function renumbered({ message, body }: Said, id: number): Said {
  return "id" in message ? { message: { ...message, id }, body } : { message, body };
}

/** The body of a batch: operations of all sorts, more with a larger number. */
export function bodyOf(codec: Codec, number: number): Uint8Array {
  const writer = new BodyWriter(codec);
  for (let i = 0; i < number; i++) for (const one of operations(codec, i)) writer.add(one);
  return writer.finish();
}

/**
 * A few values of each kind that the codec gives back as they were: how well it does that, and with
 * what sizes, is its own suite's business.
 */
function valuesOf(codec: Codec): readonly Edn[] {
  return Object.values(EXAMPLES).flatMap((values) =>
    values.filter((value) => survives(codec, value)).slice(0, 3),
  );
}

function survives(codec: Codec, value: Edn): boolean {
  try {
    const bytes = codec.encode(value);
    return bytes.length < 200 && print(codec.decode(bytes)) === print(value);
  } catch (error) {
    if (isSyncError(error)) return false;
    throw error;
  }
}

const STORE = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
const ERA = "00112233445566778899aabbccddeeff";
const FROM = { era: ERA, seq: 7 };
const TO = { era: ERA, seq: 2 ** 53 - 1, origin: { era: "", seq: 0 } };
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

/** @param values Values of all kinds, for where a message carries whatever it is given. */
function messages(values: readonly Edn[]): Message[] {
  const all: Edn = [...values];
  return [
    {
      type: "subscribe",
      id: 2 ** 53 - 1,
      storeId: STORE,
      select: all,
      have: { cursor: FROM, selection: STORE, tokens: all, position: [all] },
      window: 16,
      deltas: ["zlib", ""],
    },
    {
      type: "subscribe",
      id: 0,
      storeId: STORE,
      select: null,
      have: NOTHING,
      window: 0,
      deltas: [],
    },
    {
      type: "subscribed",
      id: 1,
      era: ERA,
      last: 9,
      plan: "all",
      selection: STORE,
      total: { entries: 5, bytes: 2 ** 40 },
    },
    {
      type: "subscribed",
      id: 1,
      era: "",
      last: 0,
      plan: "diff",
      selection: STORE,
      total: undefined,
    },
    PLAIN_BATCH,
    {
      ...PLAIN_BATCH,
      position: all,
      from: FROM,
      to: TO,
      tokens: all,
      count: 3,
      fingerprint: 2n ** 64n - 1n,
      mode: "recycled",
    },
    { ...PLAIN_BATCH, batch: 3, to: FROM, fingerprint: 0n, mode: "early" },
    { type: "offer", id: 1, batch: 2, keys: values, whole: true },
    { type: "offer", id: 1, batch: 3, keys: [], whole: false },
    { type: "ack", id: 1, batch: 2 },
    { type: "need", id: 1, keys: values },
    { type: "need", id: 1, keys: [] },
    { type: "complete", id: 1, cursor: FROM },
    { type: "complete", id: 1, cursor: TO },
    { type: "resync", id: 1, reason: "SLOW_REPLICA" },
    { type: "reconcile", id: 1, ranges: all },
    { type: "unsubscribe", id: 1 },
    { type: "error", id: 1, code: "RETRY_LATER", message: "", retryable: true, afterMs: 5 },
    { type: "error", id: 0, code: "X", message: "ä", retryable: false, afterMs: undefined },
    { type: "ping" },
    { type: "pong" },
  ];
}

function operations(codec: Codec, number: number): readonly WireOperation[] {
  const meta = { type: "edn", immutable: false, lastWrite: 1_700_000_000_000 + number } as const;
  const value = encoded(codec, codec.encode([number, "a"]));
  const bytes = bytesOf(100 * number);
  return [
    { ...meta, op: "node", key: [number], immutable: true, value },
    { ...meta, op: "cell", key: `cell ${number}`, type: "binary", value: binary(bytes) },
    { ...meta, op: "pointer", key: keyword("db"), value },
    { ...meta, op: "deleteNode", key: [-number], immutable: true },
    { ...meta, op: "delete", key: null },
    { op: "part", key: "large", offset: 2 ** 40, bytes },
    { ...meta, op: "cell", key: "large", value: undefined },
  ];
}
