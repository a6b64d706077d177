/** Sessions that JVM peers had with each other, and our server in the place of theirs. */

import { cborHandlers, fressianHandlers } from "@datahike-sync/btset";
import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Codec, encoded, type Operation, type Store } from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, EdnMap, equals, isKind, keyword, print } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { PUBSUB_DIALECT, SYNC_DIALECT, type TopicMessage } from "@datahike-sync/transport-kabel";

export const SESSIONS = [
  "pubsub-cbor-datahike",
  "pubsub-cbor-plain",
  "pubsub-cbor-writer",
  "pubsub-fressian-plain",
  "pubsub-pr-str-plain",
  "sync-fressian-datahike",
  "sync-fressian-plain",
  "sync-pr-str-plain",
] as const;

export type SessionName = (typeof SESSIONS)[number];

/** What happened, in order. */
export type Event =
  | { readonly type: "mark"; readonly text: string }
  | { readonly type: "open" | "close"; readonly connection: number }
  | RecordedFrame;

export interface RecordedFrame {
  readonly type: "frame";
  readonly connection: number;
  readonly from: "client" | "server";
  readonly bytes: Uint8Array;
  readonly message: EdnMap;
  /** What it says of a topic, if it does. */
  readonly topic: TopicMessage | undefined;
}

export interface Session {
  readonly codec: Codec;
  /** What is written on the line: none where the peers had none. */
  readonly codecs: readonly Codec[];
  readonly events: readonly Event[];
}

export async function readSession(name: SessionName): Promise<Session> {
  const text = await readFixtureText(`sessions/${name}.jsonl`);
  const codec = codecOf(name);
  const lines = text.split("\n").filter((line) => line !== "");
  return {
    codec,
    codecs: codec.name === "edn" ? [] : [codec],
    // `as`: what the recorder writes.
    events: lines.map((line) => eventOf(JSON.parse(line) as Line, codec)),
  };
}

interface Line {
  readonly mark?: string;
  readonly event?: "open" | "close";
  readonly conn: number;
  readonly dir: "c2s" | "s2c";
  readonly base64: string;
}

function codecOf(name: SessionName): Codec {
  if (name.includes("cbor")) return cborCodec({ handlers: cborHandlers() });
  if (name.includes("fressian")) return fressianCodec({ handlers: fressianHandlers() });
  return ednCodec();
}

function eventOf(line: Line, codec: Codec): Event {
  if (line.mark !== undefined) return { type: "mark", text: line.mark };
  if (line.event !== undefined) return { type: line.event, connection: line.conn };
  const bytes = Uint8Array.from(atob(line.base64), (char) => char.charCodeAt(0));
  const message = messageOf(bytes, codec);
  return {
    type: "frame",
    connection: line.conn,
    from: line.dir === "c2s" ? "client" : "server",
    bytes,
    message,
    topic: PUBSUB_DIALECT.read(message) ?? SYNC_DIALECT.read(message),
  };
}

/** The message in a frame. */
export function messageOf(frame: Uint8Array, codec: Codec): EdnMap {
  const isText = frame[3] === 2;
  const value = (isText ? ednCodec() : codec).decode(frame.subarray(4));
  if (!(value instanceof EdnMap)) throw new TypeError("a frame without a map");
  return value;
}

/** What a server has committed that sends this. */
function operationOf(change: Edn): Operation {
  const map = change instanceof EdnMap ? change : new EdnMap();
  const key = map.get(keyword("key")) ?? null;
  if (equals(map.get(keyword("operation")) ?? null, keyword("dissoc")))
    return { op: "delete", key };
  const meta = map.get(keyword("meta"));
  const immutable = isKind(meta, "map") && meta.get(keyword("immutable?")) === true;
  return { op: "set", key, value: map.get(keyword("value")) ?? null, immutable };
}

/** Writes it as what the codec makes of it, as a store on disk has it. */
export async function commit(store: Store, codec: Codec, changes: readonly Edn[]): Promise<void> {
  const operations = changes.flatMap(parts).map(operationOf);
  await store.write(
    operations.map((operation) =>
      operation.op === "delete"
        ? operation
        : { ...operation, value: encoded(codec, codec.encode(operation.value as Edn)) },
    ),
  );
}

/** Several keys that were set as one. */
function parts(change: Edn): readonly Edn[] {
  const pairs = change instanceof EdnMap ? change.get(keyword("kvs")) : undefined;
  if (!(pairs instanceof EdnMap)) return [change];
  return Array.from(pairs, ([key, value]) => {
    return new EdnMap([
      [keyword("key"), key],
      [keyword("value"), value],
    ]);
  });
}

/** A record of a commit, which a replica does not need, and which ours do not send. */
export function isCommitRecord(change: Edn): boolean {
  if (!(change instanceof EdnMap) || !isKind(change.get(keyword("key")) ?? null, "uuid"))
    return false;
  const value = change.get(keyword("value"));
  return value instanceof EdnMap && value.has(keyword("eavt-key"));
}

export function textOf(message: Edn): string {
  return print(message);
}
