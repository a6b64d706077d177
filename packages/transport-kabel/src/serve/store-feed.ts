/** One subscription to a store: what the engine says of it, as items and publications. */
import {
  type Batch,
  binary,
  type Encoded,
  encoded,
  type Failure,
  isSyncError,
  type Message,
  type Offer,
  type ReadableStore,
  readBody,
  SyncError,
  type WireDelete,
  type WireOperation,
  type WireSet,
} from "@datahike-sync/core";
import { sameBytes } from "@datahike-sync/core/store-parts";
import { type Edn, EdnMap, identity, type Uuid } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import { itemOf, payloadOf, type StoreChange } from "../store-changes.ts";
import type { TopicDialect, TopicPublish, TopicReply } from "../topic-message.ts";
import type { EngineLine, EngineListener } from "./engine-line.ts";
import type { TellTopic } from "./topic-event.ts";

export interface StoreFeedOptions {
  readonly topic: Uuid;
  /** The keys that the other side reports, with times which say nothing here; `null` for none. */
  readonly state: Edn;
  readonly connection: Connection;
  readonly engine: EngineLine;
  readonly dialect: TopicDialect;
  /** Where it is looked up what is gone; absent where the engine tells every key that is selected. */
  readonly walked: ReadableStore | undefined;
  /** Whether the line has had a subscription to this topic before. */
  readonly isAgain: boolean;
  /** The subscription is granted, and nothing was sent of it yet. */
  readonly onGranted: () => Promise<void>;
  /** What was live is refused: rights have changed, or there is no such store any more. */
  readonly onRefused: () => void;
  readonly tell: TellTopic;
}

/**
 * A node that is reported is held, and is not sent again; a cell is always sent. A reported key that is
 * gone is sent as a delete behind the handshake. What is committed during a handshake follows it: an
 * item would else replace what came before its batch was marked.
 */
export class StoreFeed implements EngineListener {
  /** Resolves when the handshake is over, to why it failed if it did. Never rejects. */
  readonly handshake: Promise<SyncError | undefined>;
  readonly #options: StoreFeedOptions;
  readonly #id: number;
  /** By identity, the reported keys of which nothing was heard; none once the handshake is over. */
  #unheard: Map<string, Edn>;
  #reported: ReadonlySet<string>;
  /** Keys whose deletion the engine told during the handshake. */
  readonly #gone = new Map<string, Edn>();
  readonly #parts = new Map<string, Uint8Array[]>();
  /** What was sent last of each pointer: a step of the engine has all of them, changed or not. */
  readonly #pointers = new Map<string, Uint8Array>();
  #settle: (error: SyncError | undefined) => void = () => undefined;
  #isLive = false;
  #isOver = false;
  #batch = 0;
  #onAck: ((isTaken: boolean) => void) | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: StoreFeedOptions) {
    const { topic, state, engine } = options;
    this.#options = options;
    this.#unheard = reportedKeys(state);
    this.#reported = new Set(this.#unheard.keys());
    this.handshake = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#id = engine.add(this);
    // A position that nobody can read: nodes are then offered, and not read where they are held.
    const isOffered = options.walked !== undefined && this.#reported.size > 0;
    engine.tell({
      type: "subscribe",
      id: this.#id,
      storeId: topic,
      select: null,
      have: {
        cursor: undefined,
        selection: undefined,
        tokens: undefined,
        position: isOffered ? null : undefined,
      },
      window: engine.windowBytes,
      deltas: [],
    });
  }

  /** Everything up to this batch is taken. An answer to nothing is an answer given twice. */
  ack(batch: number): void {
    if (batch !== this.#batch) return;
    this.#onAck?.(true);
  }

  /** Nothing is sent from now on. */
  end(): void {
    if (this.#isOver) return;
    this.#stop(new SyncError("ABORTED", "the subscription was ended"));
    this.#options.engine.tell({ type: "unsubscribe", id: this.#id });
  }

  async onMessage(message: Message, body: Uint8Array): Promise<void> {
    if (message.type === "error") return this.#fail(message);
    const work = this.#work.then(() => (this.#isOver ? undefined : this.#take(message, body)));
    this.#work = work.catch((error: unknown) => this.#break(error));
    // Live, the engine waits for the line; before, it has a window, and must hear what is taken.
    if (this.#isLive) await this.#work;
  }

  async #take(message: Message, body: Uint8Array): Promise<void> {
    if (message.type === "subscribed") await this.#options.onGranted();
    else if (message.type === "offer") this.#answer(message);
    else if (message.type === "complete") await this.#complete();
    else if (message.type === "batch") await this.#pass(message, body);
    else throw new SyncError("INTERNAL", "the engine said what kabel has no words for");
  }

  #answer({ batch, keys }: Offer): void {
    const { engine } = this.#options;
    const needed = keys.filter((key) => !this.#reported.has(identity(key)));
    for (const key of keys) this.#unheard.delete(identity(key));
    engine.tell({ type: "need", id: this.#id, keys: needed });
    engine.tell({ type: "ack", id: this.#id, batch });
  }

  async #pass(batch: Batch, body: Uint8Array): Promise<void> {
    const { engine } = this.#options;
    let [items, sent] = [0, 0];
    for (const operation of readBody(body, engine.codec)) {
      const whole = this.#whole(operation);
      if (whole === undefined || !this.#isChanged(whole)) continue;
      if (this.#isLive) {
        await this.#publish(changeOf(whole, batch));
      } else if (this.#isNews(whole, batch)) {
        sent++;
        if (await this.#sendEntry(whole, batch)) items++;
      }
      if (this.#isOver) return;
    }
    if (sent > 0 && !(await this.#mark(items))) return;
    engine.tell({ type: "ack", id: this.#id, batch: batch.batch });
  }

  /** Sends a marker behind items, and waits until they are taken; `false` when it is over. */
  async #mark(count: number): Promise<boolean> {
    // Before it is sent: the answer may be here before the sending is over.
    const taken = new Promise<boolean>((resolve) => {
      this.#onAck = resolve;
    });
    const { topic } = this.#options;
    await this.#send({ type: "batch", topic, batch: this.#batch, count });
    const isTaken = await taken;
    this.#onAck = undefined;
    this.#batch++;
    return isTaken;
  }

  async #complete(): Promise<void> {
    const { topic, walked } = this.#options;
    const gone = new Map([...this.#unheard, ...this.#gone]);
    this.#unheard = new Map();
    this.#reported = new Set();
    this.#gone.clear();
    this.#isLive = true;
    await this.#send({ type: "complete", topic });
    this.#options.tell({ type: "subscribed", topic });
    this.#settle(undefined);
    for (const key of gone.values()) {
      // What no pointer reaches may be in the store all the same: it is no business of a replica's.
      if (this.#isOver || (await walked?.has(key))) continue;
      await this.#publish({ op: "delete", key });
    }
  }

  /** The operation, when nothing of its value is missing. */
  #whole(operation: WireOperation): WireDelete | WholeSet | undefined {
    if (isDelete(operation)) return operation;
    const id = identity(operation.key);
    const parts = this.#parts.get(id) ?? [];
    if (operation.op === "part") {
      parts.push(operation.bytes);
      this.#parts.set(id, parts);
      return undefined;
    }
    this.#parts.delete(id);
    return { ...operation, value: operation.value ?? this.#joined(operation, parts) };
  }

  #joined({ type }: WireSet, parts: readonly Uint8Array[]): Encoded {
    const bytes = joined(parts);
    return type === "binary" ? binary(bytes) : encoded(this.#options.engine.codec, bytes);
  }

  #isChanged(operation: WireDelete | WholeSet): boolean {
    const id = identity(operation.key);
    if (isDelete(operation)) this.#pointers.delete(id);
    if (operation.op !== "pointer") return true;
    const before = this.#pointers.get(id);
    this.#pointers.set(id, operation.value.bytes);
    return before === undefined || !sameBytes(before, operation.value.bytes);
  }

  #isNews(operation: WireDelete | WholeSet, { mode }: Batch): boolean {
    const id = identity(operation.key);
    this.#unheard.delete(id);
    if (isDelete(operation)) {
      this.#gone.set(id, operation.key);
      return false;
    }
    this.#gone.delete(id);
    return mode === "recycled" || !isNode(operation) || !this.#reported.has(id);
  }

  /** Resolves to whether it was sent as an item. */
  async #sendEntry(operation: WireDelete | WholeSet, batch: Batch): Promise<boolean> {
    const change = changeOf(operation, batch);
    // What is gone is no news before the handshake is over.
    if (change.op === "delete" || isDelete(operation)) {
      throw new TypeError("no item of a key that is gone");
    }
    const { topic, isAgain } = this.#options;
    // What the subscription before published may arrive when this one has been asked for. To who takes
    // publications to be newer than items, an item would then be the older of the two.
    if (isAgain && !isNode(operation)) {
      await this.#publish(change);
      return false;
    }
    const item = itemOf(change.key, change.value, change.immutable);
    await this.#send({ type: "item", topic, item });
    return true;
  }

  #publish(change: StoreChange): Promise<void> {
    return this.#send({ type: "publish", topic: this.#options.topic, payload: payloadOf(change) });
  }

  async #send(message: TopicReply | TopicPublish): Promise<void> {
    const { connection, dialect } = this.#options;
    await connection.send(dialect.spell(message));
  }

  /** The engine has ended it. */
  #fail({ code, message }: Failure): void {
    if (this.#isOver) return;
    const error = new SyncError(code, message);
    const wasLive = this.#isLive;
    this.#stop(error);
    if (!wasLive) return;
    if (code === "STORE_NOT_FOUND") this.#options.onRefused();
    // Who follows has no other way to learn that nothing will come any more.
    else this.#options.connection.fail(error);
  }

  /** It cannot be gone on with here: a value that the line has no form for, or a line that is gone. */
  #break(error: unknown): void {
    if (this.#isOver) return;
    const known = isSyncError(error)
      ? error
      : new SyncError("INTERNAL", "a store could not be served", { cause: error });
    const { connection, topic, tell } = this.#options;
    const wasLive = this.#isLive;
    // Of a line that is gone there is nothing to say here.
    if (known.code !== "TRANSPORT_CLOSED") tell({ type: "failed", topic, error: known });
    this.#settle(known);
    this.end();
    if (wasLive) connection.fail(known);
  }

  #stop(error: SyncError): void {
    this.#isOver = true;
    this.#options.engine.remove(this.#id);
    this.#parts.clear();
    this.#onAck?.(false);
    this.#settle(error);
  }
}

/** A set that has all of its value. */
interface WholeSet extends WireSet {
  readonly value: Encoded;
}

function isDelete(operation: WireOperation): operation is WireDelete {
  return operation.op === "delete" || operation.op === "deleteNode";
}

function changeOf(operation: WireDelete | WholeSet, { mode }: Batch): StoreChange {
  const { key } = operation;
  if (isDelete(operation)) return { op: "delete", key };
  // Whoever is told that a node never changes skips it where its key is taken.
  const immutable = isNode(operation) && mode !== "recycled";
  return { op: "set", key, value: operation.value.decode(), immutable };
}

function isNode({ op, immutable }: WireSet): boolean {
  return op === "node" || immutable;
}

function reportedKeys(state: Edn): Map<string, Edn> {
  if (!(state instanceof EdnMap)) return new Map();
  return new Map(Array.from(state.keys(), (key) => [identity(key), key]));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
