/** The side of the original that follows. */
import type { Codec, Store } from "@datahike-sync/core";
import { type Edn, EdnMap } from "@datahike-sync/edn";
import type { WebSocket } from "ws";
import type { SystemClient } from "../system.ts";
import {
  ackOf,
  type Item,
  itemOf,
  KabelFrames,
  PUBSUB,
  subscribe,
  typeOf,
} from "./original-messages.ts";
import { bytesOf, closeSocket, openSocket } from "./sockets.ts";

export class OriginalClient implements SystemClient {
  readonly #store: Store;
  readonly #codec: Codec;
  readonly #frames = new KabelFrames();
  #socket: WebSocket | undefined;
  /** What is being applied. */
  #applying: Promise<void> = Promise.resolve();

  constructor(store: Store, codec: Codec) {
    this.#store = store;
    this.#codec = codec;
  }

  async connect(address: string): Promise<void> {
    const socket = await openSocket(address);
    this.#socket = socket;
    const subscribed = new Promise<void>((resolve, reject) => {
      socket.once("close", () => reject(new Error("the line broke")));
      const batch: Item[] = [];
      socket.on("message", (data) => {
        const message = this.#frames.decode(bytesOf(data));
        this.#applying = this.#applying.then(async () => {
          if (typeOf(message) === PUBSUB.subscribeAck) resolve();
          await this.#take(socket, message, batch);
        });
        this.#applying.catch(reject);
      });
    });
    socket.send(this.#frames.encode(subscribe(await this.#lastWrites())));
    await subscribed;
  }

  async disconnect(): Promise<void> {
    if (this.#socket !== undefined) await closeSocket(this.#socket);
    await this.#applying;
  }

  async get(key: Edn): Promise<Uint8Array | undefined> {
    const value = await this.#store.get(key);
    return value === undefined ? undefined : this.#codec.encode(value);
  }

  async close(): Promise<void> {
    await this.disconnect();
    await this.#store.destroy();
  }

  async #lastWrites(): Promise<EdnMap> {
    const times: [Edn, Date][] = [];
    for await (const { key, lastWrite } of this.#store.keys())
      times.push([key, new Date(lastWrite)]);
    return new EdnMap(times);
  }

  async #take(socket: WebSocket, message: EdnMap, batch: Item[]): Promise<void> {
    const type = typeOf(message);
    if (type === PUBSUB.data) batch.push(itemOf(message));
    if (type === PUBSUB.publish) await this.#apply(itemOf(message));
    if (type !== PUBSUB.batchComplete) return;
    for (const item of batch.splice(0)) await this.#apply(item);
    socket.send(this.#frames.encode(ackOf(message)));
  }

  /** With the replica's own time as that of the last write. */
  async #apply({ key, value, immutable }: Item): Promise<void> {
    if (value === undefined) await this.#store.delete(key);
    else if (!(immutable && (await this.#store.has(key)))) await this.#store.set(key, value);
  }
}
