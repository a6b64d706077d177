/** This family of packages, as an application would put it together. */
import { type Codec, createSyncContext, type Store, type SyncContext } from "@datahike-sync/core";
import { storeId } from "@datahike-sync/core/store-id";
import type { Edn } from "@datahike-sync/edn";
import { nativeProtocol, wsDialer } from "@datahike-sync/transport-ws/client";
import { listen, type WsServer } from "@datahike-sync/transport-ws/server";
import { WebSocket } from "ws";
import { bytesIn, fill, tellKeys, toOperation } from "../stores.ts";
import type { Change, PayloadBytes, Setup, System, SystemClient, SystemServer } from "../system.ts";
import { CountedTransport, PayloadCount } from "./payload-count.ts";

const STORE = { id: "bench" };

export const OURS: System = {
  name: "ours",
  tellsDeletes: true,
  isSlow: false,
  server: async (setup) => new OurServer(await setup.openStore(), setup),
  client: async (setup, onKey) => {
    const store = await setup.openStore();
    tellKeys(store, onKey);
    return new OurClient(store, setup.codec);
  },
};

class OurServer implements SystemServer {
  readonly #store: Store;
  readonly #codec: Codec;
  readonly #context: SyncContext;
  readonly #count = new PayloadCount();
  #server: WsServer | undefined;

  constructor(store: Store, { codec, walker }: Setup) {
    this.#store = store;
    this.#codec = codec;
    this.#context = createSyncContext({ codec });
    this.#context.registerStore(store, STORE, { walker });
  }

  load(entries: readonly Change[]): Promise<void> {
    return fill(this.#store, this.#codec, entries);
  }

  async listen(): Promise<string> {
    this.#server = await listen({ host: "127.0.0.1", protocols: [nativeProtocol(this.#codec)] });
    this.#server.onConnection((line) =>
      this.#context.accept(new CountedTransport(line, this.#count)),
    );
    return this.#server.address;
  }

  async set(changes: readonly Change[]): Promise<void> {
    await this.#store.write(changes.map((change) => toOperation(change, this.#codec)));
  }

  bytes(): PayloadBytes {
    return this.#count.bytes;
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.#server?.close();
    await this.#store.destroy();
  }
}

class OurClient implements SystemClient {
  readonly #store: Store;
  readonly #codec: Codec;
  #context: SyncContext | undefined;

  constructor(store: Store, codec: Codec) {
    this.#store = store;
    this.#codec = codec;
  }

  async connect(address: string): Promise<void> {
    const context = createSyncContext({ codec: this.#codec });
    this.#context = context;
    const dialer = wsDialer(address, { WebSocket, protocols: [nativeProtocol(this.#codec)] });
    await context.subscribe(dialer, storeId(STORE), this.#store).synced();
  }

  async disconnect(): Promise<void> {
    await this.#context?.close();
  }

  get(key: Edn): Promise<Uint8Array | undefined> {
    return bytesIn(this.#store, key);
  }

  async close(): Promise<void> {
    await this.disconnect();
    await this.#store.destroy();
  }
}
