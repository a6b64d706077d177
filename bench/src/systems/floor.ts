/**
 * What no replication over WebSockets is expected to outdo: entries in frames of 500 from one store into
 * another, a cursor, and no protocol. Nothing is acknowledged, checked or bounded.
 */
import {
  type Codec,
  encoded,
  type FeedOperation,
  isEncoded,
  type Store,
} from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { Decoder, Encoder } from "@msgpack/msgpack";
import type { WebSocket, WebSocketServer } from "ws";
import { bytesIn, fill, tellKeys, toOperation } from "../stores.ts";
import type { Change, PayloadBytes, System, SystemClient, SystemServer } from "../system.ts";
import { PayloadCount } from "./payload-count.ts";
import { addressOf, bytesOf, closeServer, closeSocket, openServer, openSocket } from "./sockets.ts";

/** From the server; from the replica comes its cursor, once. */
type Frame = readonly [cursor: Cursor, hasCaughtUp: boolean, entries: readonly WireEntry[]];
/** The last entry of a feed that is here. */
type Cursor = readonly [seq: number, place: number];
/** A key that is no text is bytes of the codec. `null` says that there is no value any more. */
type WireEntry = readonly [key: string | Uint8Array, value: Uint8Array | null, lastWrite: number];

const ENTRIES_PER_FRAME = 500;

export const FLOOR: System = {
  name: "floor",
  tellsDeletes: true,
  isSlow: false,
  server: async (setup) => new FloorServer(await setup.openStore(), setup.codec),
  client: async (setup, onKey) => {
    const store = await setup.openStore();
    tellKeys(store, onKey);
    return new FloorClient(store, setup.codec);
  },
};

class FloorServer implements SystemServer {
  readonly #store: Store;
  readonly #codec: Codec;
  readonly #encoder = new Encoder();
  readonly #decoder = new Decoder();
  readonly #count = new PayloadCount();
  /** Those that have caught up. */
  readonly #live = new Set<WebSocket>();
  /** The last commit that was told. */
  #last = 0;
  #server: WebSocketServer | undefined;

  constructor(store: Store, codec: Codec) {
    this.#store = store;
    this.#codec = codec;
    store.onCommit(({ cursor, operations }) => {
      this.#last = cursor.seq;
      if (this.#live.size === 0) return;
      const frame = this.#frame([cursor.seq, operations.length], true, operations);
      for (const socket of this.#live) void this.#send(socket, frame);
    });
  }

  load(entries: readonly Change[]): Promise<void> {
    return fill(this.#store, this.#codec, entries);
  }

  async listen(): Promise<string> {
    this.#server = await openServer();
    this.#server.on("connection", (socket) => {
      socket.on("close", () => this.#live.delete(socket));
      socket.once("message", (data) => {
        // `as`: the other side is ours.
        const cursor = this.#decoder.decode(bytesOf(data)) as Cursor;
        this.#count.addUp(bytesOf(data).length);
        this.#serve(socket, cursor).catch(() => socket.terminate());
      });
    });
    return addressOf(this.#server);
  }

  async set(changes: readonly Change[]): Promise<void> {
    await this.#store.write(changes.map((change) => toOperation(change, this.#codec)));
  }

  bytes(): PayloadBytes {
    return this.#count.bytes;
  }

  async close(): Promise<void> {
    if (this.#server !== undefined) await closeServer(this.#server);
    await this.#store.destroy();
  }

  async #serve(socket: WebSocket, [from, place]: Cursor): Promise<void> {
    let after = { seq: from, place };
    // Who has nothing need not know of what is gone.
    const since = from === 0 ? Number.POSITIVE_INFINITY : from;
    let sent: Promise<unknown> | undefined;
    for (let hasCaughtUp = false; !hasCaughtUp && socket.readyState === socket.OPEN; ) {
      const { rows, done, last } = await this.#store.changes(after, {
        limit: ENTRIES_PER_FRAME,
        since,
      });
      // One frame is made while another is on its way.
      await sent;
      after = rows.at(-1) ?? after;
      hasCaughtUp = done && last >= this.#last;
      if (hasCaughtUp) this.#live.add(socket);
      const operations = rows.map(({ operation }) => operation);
      const frame = this.#frame([after.seq, after.place], hasCaughtUp, operations);
      sent = this.#send(socket, frame);
    }
  }

  /** Resolves when it has left, or never will. */
  #send(socket: WebSocket, frame: Uint8Array): Promise<unknown> {
    this.#count.addDown(frame.length);
    return new Promise((resolve) => socket.send(frame, resolve));
  }

  #frame(cursor: Cursor, hasCaughtUp: boolean, operations: readonly FeedOperation[]): Uint8Array {
    const entries = operations.map((operation): WireEntry => {
      const key =
        typeof operation.key === "string" ? operation.key : this.#codec.encode(operation.key);
      return [key, valueOf(operation), operation.lastWrite];
    });
    const frame: Frame = [cursor, hasCaughtUp, entries];
    return this.#encoder.encode(frame);
  }
}

class FloorClient implements SystemClient {
  readonly #store: Store;
  readonly #codec: Codec;
  readonly #decoder = new Decoder();
  #cursor: Cursor = [0, 0];
  #socket: WebSocket | undefined;
  /** What is being written. */
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, codec: Codec) {
    this.#store = store;
    this.#codec = codec;
  }

  async connect(address: string): Promise<void> {
    const socket = await openSocket(address);
    this.#socket = socket;
    const caughtUp = new Promise<void>((resolve, reject) => {
      socket.once("close", () => reject(new Error("the line broke")));
      socket.on("message", (data) => {
        // `as`: the other side is ours.
        const frame = this.#decoder.decode(bytesOf(data)) as Frame;
        this.#writing = this.#writing
          .then(() => this.#apply(frame))
          .then(() => (frame[1] ? resolve() : undefined));
        this.#writing.catch(reject);
      });
    });
    socket.send(new Encoder().encode(this.#cursor));
    await caughtUp;
  }

  async disconnect(): Promise<void> {
    if (this.#socket !== undefined) await closeSocket(this.#socket);
    await this.#writing;
  }

  get(key: Edn): Promise<Uint8Array | undefined> {
    return bytesIn(this.#store, key);
  }

  async close(): Promise<void> {
    await this.disconnect();
    await this.#store.destroy();
  }

  async #apply([cursor, , entries]: Frame): Promise<void> {
    await this.#store.write(
      entries.map(([name, value, lastWrite]) => {
        const key = typeof name === "string" ? name : this.#codec.decode(name);
        return value === null
          ? { op: "delete", key }
          : { op: "set", key, value: encoded(this.#codec, value), lastWrite };
      }),
    );
    this.#cursor = cursor;
  }
}

function valueOf(operation: FeedOperation): Uint8Array | null {
  if (operation.op === "delete") return null;
  if (isEncoded(operation.value)) return operation.value.bytes;
  throw new TypeError("the stores of the bench keep values encoded");
}
