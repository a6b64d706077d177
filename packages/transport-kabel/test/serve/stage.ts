/** Plays a recorded session, the recording as the client and us as the server. */
import type { Codec, Store, Transport } from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  equals,
  identity,
  isKind,
  keyword,
  type Uuid,
  uuid,
} from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChannelServer } from "@datahike-sync/transport-channel";
import {
  KabelPeer,
  PUBSUB_DIALECT,
  RemoteError,
  RemotePeer,
  SYNC_DIALECT,
  TopicServer,
} from "@datahike-sync/transport-kabel";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { onTestFinished } from "vitest";
import { typeOf } from "./ends.ts";
import {
  commit,
  type Event,
  isCommitRecord,
  messageOf,
  type RecordedFrame,
  type Session,
  textOf,
} from "./recorded.ts";

/** What the recorded peers were called. */
const SERVER = uuid("10000000-0000-0000-0000-000000000001");

/**
 * Where a client's next frame answers what the server had said, it waits for ours to have said it, too. Of
 * what a server says by itself the messages are compared, and where a message has one spelling, its bytes.
 */
export class Stage {
  /** What ours said otherwise. */
  readonly faults: string[] = [];
  compared = 0;
  sameBytes = 0;
  readonly #session: Session;
  readonly #store: Store;
  readonly #network = new ChannelServer();
  readonly #lines = new Map<number, RecordedClient>();
  readonly #isWalked: boolean;
  /** The topics that each connection has subscribed to. */
  readonly #followed = new Set<string>();
  /** The keys that the client reported last. */
  #reported: ReadonlySet<string> = new Set();

  private constructor(session: Session, store: Store, isWalked: boolean) {
    this.#session = session;
    this.#store = store;
    this.#isWalked = isWalked;
  }

  static async open(session: Session): Promise<Stage> {
    const { codec, codecs, events } = session;
    const store = await MemoryStore.open({ codec });
    const items = handshakeAt(events, 0);
    const isWalked = items.some((item) => equals(item.get(keyword("key")) ?? null, keyword("db")));
    const stage = new Stage(session, store, isWalked);
    await commit(store, codec, items);
    const peer = new KabelPeer({ id: SERVER, codecs, hello: false });
    const topics = new TopicServer({ codec });
    const remote = new RemotePeer(peer);
    remote.register("datahike.kabel/dispatch", (args) => stage.#dispatch(args));
    topics.serve(peer);
    peer.serve(stage.#network);
    onTestFinished(async () => {
      await topics.close();
      await peer.close();
    });
    topics.registerStore(store, topicOf(events), {
      ...(isWalked && { walker: datahikeWalker() }),
      authorizePublish: () => true,
    });
    return stage;
  }

  async play(): Promise<void> {
    const { events, codec } = this.#session;
    for (const [at, event] of events.entries()) {
      if (event.type === "open") {
        const transport = await this.#network.dial();
        this.#lines.set(event.connection, new RecordedClient(transport, codec));
      } else if (event.type === "close") {
        await this.#lines.get(event.connection)?.transport.close();
      } else if (event.type === "mark") {
        await this.#enact(event.text, at);
      } else if (event.type === "frame" && event.from === "client") {
        await this.#say(event, at);
      }
    }
  }

  /** Does what the recorded server did then, as far as what it said tells. */
  async #enact(mark: string, at: number): Promise<void> {
    const { events, codec } = this.#session;
    if (mark.startsWith("while away")) {
      const items = handshakeAt(events, 1);
      return commit(this.#store, codec, items);
    }
    if (!/^server( side|:)/.test(mark)) return;
    const said = framesAfter(events, at);
    const changes = said.flatMap(({ topic }) => (topic?.type === "publish" ? [topic.payload] : []));
    if (changes.length > 0) await commit(this.#store, codec, changes);
    await this.#compare(said);
  }

  async #say(frame: RecordedFrame, at: number): Promise<void> {
    const { events } = this.#session;
    const line = this.#lines.get(frame.connection);
    if (line === undefined) throw new Error("a frame before its line");
    if (frame.topic?.type === "subscribe") {
      for (const { topic, state } of frame.topic.topics) {
        this.#followed.add(identity(topic));
        this.#reported = new Set(state instanceof EdnMap ? Array.from(state.keys(), identity) : []);
      }
    }
    if (frame.topic?.type === "unsubscribe") {
      for (const topic of frame.topic.topics) this.#followed.delete(identity(topic));
    }
    await line.transport.send(frame.bytes.slice());
    await this.#compare(framesAfter(events, at));
  }

  async #compare(said: readonly RecordedFrame[]): Promise<void> {
    const expected = said.flatMap((frame) => this.#expected(frame));
    for (const [connection, line] of this.#lines) {
      const frames = expected.filter((frame) => frame.connection === connection);
      const heard = await line.take(frames);
      this.#compareAll(frames, heard);
    }
  }

  /** What of the recording ours says, too. */
  #expected(frame: RecordedFrame): RecordedFrame[] {
    const { topic, message } = frame;
    const type = typeOf(message);
    // Ours greets in the older words when it was greeted in them.
    if (type.endsWith("register-scope")) return [];
    if (topic?.type !== "publish") return [frame];
    // The JVM's tells whoever came last of topics to which nobody has subscribed.
    if (!this.#followed.has(identity(topic.topic))) return [];
    if (this.#isWalked && isCommitRecord(topic.payload)) return [];
    const pairs = isKind(topic.payload, "map") ? topic.payload.get(keyword("kvs")) : undefined;
    // Ours tells of each key by itself.
    return isKind(pairs, "map")
      ? Array.from(pairs, () => ({ ...frame, topic: undefined }))
      : [frame];
  }

  #compareAll(expected: readonly RecordedFrame[], heard: readonly Heard[]): void {
    const left = [...heard];
    for (const { message, bytes, topic } of expected) {
      const isPairs = topic === undefined && message.has(keyword("kvs"));
      const found = left.findIndex((other) =>
        isPairs
          ? isPairOf(message, other.message)
          : equals(comparable(other.message), comparable(message)),
      );
      const [same] = found < 0 ? [] : left.splice(found, 1);
      if (same === undefined) {
        this.faults.push(`not said: ${textOf(message)}`);
      } else if (!isPairs) {
        this.compared++;
        if (isSame(same.bytes, bytes)) this.sameBytes++;
        else if (isDetermined(message)) this.faults.push(`other bytes: ${textOf(message)}`);
      }
    }
    for (const { message } of left) {
      if (!this.#isUnchangedCell(message)) this.faults.push(`said: ${textOf(message)}`);
    }
    this.#checkOrder(heard);
  }

  /** The JVM's leaves out what the client says is as new; ours believes no other clock. */
  #isUnchangedCell(message: EdnMap): boolean {
    const item = PUBSUB_DIALECT.read(message) ?? SYNC_DIALECT.read(message);
    return !this.#isWalked && item?.type === "item" && this.#reported.has(identity(keyOf(message)));
  }

  /** Pointers behind all nodes; the marker behind its items. */
  #checkOrder(heard: readonly Heard[]): void {
    const keys = heard.map(({ message }) => keyOf(message));
    const firstPointer = keys.findIndex((key) => isKind(key, "keyword"));
    const lastNode = keys.findLastIndex((key) => isKind(key, "uuid"));
    if (this.#isWalked && firstPointer >= 0 && firstPointer < lastNode) {
      this.faults.push("a pointer before a node");
    }
    const types = heard.map(({ message }) => typeOf(message));
    const marker = types.findIndex((type) => type.endsWith("batch-complete"));
    if (marker >= 0 && marker < types.length - 1) this.faults.push("something behind a marker");
  }

  /** The recorded server's answer to a remote call, and what it committed before. */
  async #dispatch(args: EdnMap): Promise<Edn> {
    const { events, codec } = this.#session;
    const at = events.findIndex(
      (event) =>
        event.type === "frame" &&
        event.from === "client" &&
        equals(event.message.get(keyword("arg-map")) ?? null, args),
    );
    const said = framesAfter(events, at);
    const result = said.find(({ topic }) => topic === undefined)?.message;
    const changes = said.flatMap(({ topic }) =>
      topic?.type === "publish" && this.#followed.has(identity(topic.topic)) ? [topic.payload] : [],
    );
    if (changes.length > 0) await commit(this.#store, codec, changes);
    const value = result?.get(keyword("result"));
    if (value !== undefined) return value;
    throw new RemoteError("Bad entity value 5", {
      data: new EdnMap([[keyword("error"), keyword("transact/schema")]]),
    });
  }
}

interface Heard {
  readonly message: EdnMap;
  readonly bytes: Uint8Array;
}

class RecordedClient {
  readonly transport: Transport;
  readonly #heard: Heard[] = [];
  #wake: () => void = () => undefined;

  constructor(transport: Transport, codec: Codec) {
    this.transport = transport;
    transport.onMessage((bytes) => {
      const message = messageOf(bytes, codec);
      const type = typeOf(message);
      if (type === ":kabel.remote/register" || type.endsWith("register-scope")) return;
      this.#heard.push({ message, bytes });
      this.#wake();
    });
  }

  /** As many messages, up to one of the type of the last of these; and what else has come by then. */
  async take(expected: readonly RecordedFrame[]): Promise<Heard[]> {
    const last = expected.at(-1)?.message.get(TYPE);
    const isHeard = () =>
      this.#heard.length >= expected.length &&
      (last === undefined || this.#heard.some(({ message }) => message.get(TYPE) === last));
    while (!isHeard()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#heard.splice(0);
  }
}

const TYPE = keyword("type");

/** The server's frames behind an event, up to whatever else happens. */
function framesAfter(events: readonly Event[], at: number): RecordedFrame[] {
  const frames: RecordedFrame[] = [];
  for (const event of events.slice(at + 1)) {
    if (event.type !== "frame" || event.from === "client") break;
    frames.push(event);
  }
  return frames;
}

function handshakeAt(events: readonly Event[], connection: number): EdnMap[] {
  return events
    .flatMap((event) =>
      event.type === "frame" && event.connection === connection && event.topic?.type === "item"
        ? [event.topic.item]
        : [],
    )
    .filter((item) => item instanceof EdnMap);
}

function topicOf(events: readonly Event[]): Uuid {
  for (const event of events) {
    if (event.type !== "frame" || event.topic?.type !== "subscribe") continue;
    const [first] = event.topic.topics;
    if (first !== undefined && isKind(first.topic, "uuid")) return first.topic;
  }
  throw new Error("nobody subscribes");
}

/**
 * What is compared: of an error not the stack trace, which Clojure prints; of a marker not how many items
 * there were, since cells are sent that the JVM's leaves out.
 */
function comparable(message: EdnMap): EdnMap {
  const type = typeOf(message);
  if (type.endsWith("invoke-result") && message.has(keyword("error"))) {
    return message.with(keyword("error"), "");
  }
  return message.without(keyword("item-count"));
}

/** Whether it is one of the keys that the recorded server told together. */
function isPairOf(together: EdnMap, message: EdnMap): boolean {
  const pairs = together.get(keyword("kvs"));
  const value = isKind(pairs, "map") ? pairs.get(message.get(keyword("key")) ?? null) : undefined;
  return value !== undefined && equals(value, message.get(keyword("value")) ?? null);
}

/**
 * Whether a message has one spelling. A database has not: it holds values to which Clojure's printer or
 * codec adds what no reader keeps.
 */
function isDetermined(message: EdnMap): boolean {
  if (!equals(message, comparable(message)) || message.has(keyword("result"))) return false;
  return !equals(keyOf(message), keyword("db"));
}

function keyOf(message: EdnMap): Edn {
  for (const field of ["data", "payload"]) {
    const inner = message.get(keyword(field));
    if (inner instanceof EdnMap) return inner.get(keyword("key")) ?? null;
  }
  return message.get(keyword("key")) ?? null;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
