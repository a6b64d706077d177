/** The messages of konserve-sync's handshake on kabel.pubsub, and the frames that carry them. */
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Codec } from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  EdnSet,
  isKind,
  type Keyword,
  keyword,
  randomUuid,
  type Uuid,
  uuid,
} from "@datahike-sync/edn";

/** An item of a handshake, or a publish. */
export interface Item {
  readonly key: Edn;
  /** Absent where the key is gone. */
  readonly value?: Edn | undefined;
  readonly immutable: boolean;
}

/** kabel's number for Fressian. */
const FRESSIAN_ID = 13;
const HEADER_BYTES = 4;

/** Writes and reads kabel's frames: four bytes that say how the rest is encoded. */
export class KabelFrames {
  readonly #codec: Codec = fressianCodec({ handlers: fressianHandlers() });

  encode(message: EdnMap): Uint8Array {
    const payload = this.#codec.encode(message);
    const frame = new Uint8Array(HEADER_BYTES + payload.length);
    frame[HEADER_BYTES - 1] = FRESSIAN_ID;
    frame.set(payload, HEADER_BYTES);
    return frame;
  }

  decode(frame: Uint8Array): EdnMap {
    return asMap(this.#codec.decode(frame.subarray(HEADER_BYTES)));
  }
}

/** What a message is, as `:pubsub/…`. */
export const PUBSUB: Readonly<Record<PubsubType, Keyword>> = {
  subscribe: keyword("pubsub/subscribe"),
  data: keyword("pubsub/handshake-data"),
  batchComplete: keyword("pubsub/handshake-batch-complete"),
  ack: keyword("pubsub/handshake-ack"),
  complete: keyword("pubsub/handshake-complete"),
  subscribeAck: keyword("pubsub/subscribe-ack"),
  publish: keyword("pubsub/publish"),
};

type PubsubType =
  | "subscribe"
  | "data"
  | "batchComplete"
  | "ack"
  | "complete"
  | "subscribeAck"
  | "publish";

export function typeOf(message: EdnMap): Edn | undefined {
  return message.get(TYPE);
}

/** With the time of the last write of each key that the replica holds. */
export function subscribe(lastWrites: EdnMap): EdnMap {
  return new EdnMap([
    [TYPE, PUBSUB.subscribe],
    [keyword("id"), randomUuid()],
    [TOPICS, new EdnSet([TOPIC_ID])],
    [CLIENT_STATES, new EdnMap([[TOPIC_ID, lastWrites]])],
  ]);
}

export function lastWritesOf(message: EdnMap): EdnMap {
  return asMap(asMap(message.get(CLIENT_STATES)).get(TOPIC_ID));
}

export function handshakeData({ key, value = null, immutable }: Item): EdnMap {
  return onTopic(PUBSUB.data, [
    keyword("data"),
    new EdnMap([[KEY, key], [VALUE, value], ...metaOf(immutable)]),
  ]);
}

export function batchComplete(batch: number, items: number): EdnMap {
  return onTopic(PUBSUB.batchComplete, [BATCH_IDX, batch], [keyword("item-count"), items]);
}

export function ackOf(batchCompleted: EdnMap): EdnMap {
  return onTopic(PUBSUB.ack, [BATCH_IDX, batchCompleted.get(BATCH_IDX) ?? null]);
}

export function complete(): EdnMap {
  return onTopic(PUBSUB.complete);
}

export function subscribeAck(subscribed: EdnMap): EdnMap {
  return new EdnMap([
    [TYPE, PUBSUB.subscribeAck],
    [keyword("id"), subscribed.get(keyword("id")) ?? null],
    [TOPICS, new EdnSet([TOPIC_ID])],
  ]);
}

export function publish({ key, value, immutable }: Item): EdnMap {
  const payload: [Edn, Edn][] =
    value === undefined
      ? [
          [KEY, key],
          [OPERATION, keyword("dissoc")],
        ]
      : [[KEY, key], [VALUE, value], [OPERATION, keyword("assoc")], ...metaOf(immutable)];
  return onTopic(PUBSUB.publish, [PAYLOAD, new EdnMap(payload)]);
}

/** What {@link handshakeData} or {@link publish} has told. */
export function itemOf(message: EdnMap): Item {
  const item = asMap(message.get(keyword("data")) ?? message.get(PAYLOAD));
  const isGone = item.get(OPERATION) === keyword("dissoc");
  return {
    key: item.get(KEY) ?? null,
    value: isGone ? undefined : (item.get(VALUE) ?? null),
    immutable: item.has(keyword("meta")),
  };
}

/** The store, as both sides know it. */
const TOPIC_ID: Uuid = uuid("0c8cb3d0-5e4c-4d4b-9a57-3f1d0ad1f0a6");

const TYPE: Keyword = keyword("type");
const TOPICS: Keyword = keyword("topics");
const CLIENT_STATES: Keyword = keyword("client-states");
const BATCH_IDX: Keyword = keyword("batch-idx");
const PAYLOAD: Keyword = keyword("payload");
const KEY: Keyword = keyword("key");
const VALUE: Keyword = keyword("value");
const OPERATION: Keyword = keyword("operation");

function onTopic(type: Keyword, ...fields: [Keyword, Edn][]): EdnMap {
  return new EdnMap([[TYPE, type], [keyword("topic"), TOPIC_ID], ...fields]);
}

function metaOf(immutable: boolean): [Keyword, Edn][] {
  return immutable ? [[keyword("meta"), new EdnMap([[keyword("immutable?"), true]])]] : [];
}

function asMap(value: Edn | undefined): EdnMap {
  if (value === undefined || !isKind(value, "map")) throw new TypeError("not a message");
  return value;
}
