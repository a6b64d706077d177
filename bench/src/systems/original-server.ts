/** The side of the original that is followed. */
import type { Codec, ReadableStore, Store, Walker } from "@datahike-sync/core";
import type { Edn, EdnMap } from "@datahike-sync/edn";
import type { WebSocket, WebSocketServer } from "ws";
import type { Change, PayloadBytes, Setup, SystemServer } from "../system.ts";
import {
  batchComplete,
  complete,
  handshakeData,
  type Item,
  KabelFrames,
  lastWritesOf,
  PUBSUB,
  publish,
  subscribeAck,
  typeOf,
} from "./original-messages.ts";
import { PayloadCount } from "./payload-count.ts";
import { addressOf, bytesOf, closeServer, openServer } from "./sockets.ts";

const ITEMS_PER_BATCH = 20;

export class OriginalServer implements SystemServer {
  readonly #store: Store;
  readonly #codec: Codec;
  readonly #walker: Walker | undefined;
  readonly #frames = new KabelFrames();
  readonly #count = new PayloadCount();
  readonly #subscribers = new Set<WebSocket>();
  #server: WebSocketServer | undefined;

  constructor(store: Store, { codec, walker }: Setup) {
    this.#store = store;
    this.#codec = codec;
    this.#walker = walker;
  }

  /** Its own store in memory holds values, not bytes. */
  async load(entries: readonly Change[]): Promise<void> {
    for (let start = 0; start < entries.length; start += ITEMS_PER_BATCH) {
      await this.#write(entries.slice(start, start + ITEMS_PER_BATCH));
    }
  }

  async listen(): Promise<string> {
    this.#server = await openServer();
    this.#server.on("connection", (socket) => {
      const acks = new Acks();
      socket.on("close", () => {
        this.#subscribers.delete(socket);
        acks.end();
      });
      socket.on("message", (data) => {
        this.#count.addUp(bytesOf(data).length);
        const message = this.#frames.decode(bytesOf(data));
        if (typeOf(message) === PUBSUB.ack) acks.take();
        else this.#serve(socket, message, acks).catch(() => socket.terminate());
      });
    });
    return addressOf(this.#server);
  }

  async set(changes: readonly Change[]): Promise<void> {
    const items = await this.#write(changes);
    for (const item of items) {
      if (this.#subscribers.size === 0) return;
      const frame = this.#frames.encode(publish(item));
      for (const socket of this.#subscribers) this.#send(socket, frame);
    }
  }

  bytes(): PayloadBytes {
    return this.#count.bytes;
  }

  async close(): Promise<void> {
    if (this.#server !== undefined) await closeServer(this.#server);
    await this.#store.destroy();
  }

  async #write(changes: readonly Change[]): Promise<Item[]> {
    const items = changes.map(
      ({ key, value, immutable = false }): Item => ({
        key,
        value: value && this.#codec.decode(value),
        immutable,
      }),
    );
    await this.#store.write(
      items.map(({ key, value, immutable }) =>
        value === undefined ? { op: "delete", key } : { op: "set", key, value, immutable },
      ),
    );
    return items;
  }

  async #serve(socket: WebSocket, request: EdnMap, acks: Acks): Promise<void> {
    this.#subscribers.add(socket);
    const send = (message: EdnMap): void => this.#send(socket, this.#frames.encode(message));
    const items = await this.#newer(lastWritesOf(request));
    for (let start = 0, batch = 0; start < items.length; start += ITEMS_PER_BATCH, batch++) {
      const some = items.slice(start, start + ITEMS_PER_BATCH);
      for (const item of some) send(handshakeData(item));
      const acked = acks.next();
      send(batchComplete(batch, some.length));
      if (!(await acked)) return;
    }
    send(complete());
    send(subscribeAck(request));
  }

  #send(socket: WebSocket, frame: Uint8Array): void {
    this.#count.addDown(frame.length);
    socket.send(frame);
  }

  /** All that was written here after the replica wrote it there, by two machines' clocks. */
  async #newer(lastWrites: EdnMap): Promise<Item[]> {
    const items: Item[] = [];
    for await (const key of listed(this.#store, this.#walker)) {
      const meta = await this.#store.getMeta(key);
      const there = lastWrites.get(key);
      const isHeld = there instanceof Date && meta && meta.lastWrite <= there.getTime();
      if (meta === undefined || isHeld) continue;
      const value = await this.#store.get(key);
      items.push({ key, value, immutable: meta.immutable });
    }
    return items;
  }
}

/** Waits for the acknowledgement of one batch after the other. */
class Acks {
  #taken: (isAcked: boolean) => void = () => undefined;
  #hasEnded = false;

  next(): Promise<boolean> {
    if (this.#hasEnded) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  take(): void {
    this.#taken(true);
  }

  end(): void {
    this.#hasEnded = true;
    this.#taken(false);
  }
}

async function* listed(
  store: ReadableStore,
  walker: Walker | undefined,
): AsyncGenerator<Edn, void> {
  if (walker !== undefined) for await (const { key } of walker.walk(store)) yield key;
  else for await (const { key } of store.keys()) yield key;
}
