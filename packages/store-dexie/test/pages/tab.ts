/** What runs in a page: a replica in IndexedDB, and what the test asks of it. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  createReplicaContext,
  isSyncError,
  type Store,
  type Subscription,
} from "@datahike-sync/core";
import { print, uuid } from "@datahike-sync/edn";
import { DexieStore } from "@datahike-sync/store-dexie";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { digestOf } from "./state.ts";

const codec = msgpackCodec();
// Small, so that what has arrived is often said.
const context = createReplicaContext({ codec, limits: { windowBytes: 2 ** 19 } });
const dial = wsDialer(location.origin.replace("http", "ws"));

export class Tab {
  /** The commits of the primary that this tab stood at, in the order in which it did. */
  readonly cursors: number[] = [];
  #store: Promise<Store> | undefined;
  #subscription: Subscription | undefined;

  /** Begins to follow the primary. */
  async follow(storeId: string): Promise<void> {
    await this.#subscription?.close();
    this.#subscription = context.subscribe(dial, uuid(storeId), await this.#opened(), {
      onStatus: ({ cursor }) => cursor !== undefined && this.cursors.push(cursor.seq),
    });
  }

  /** Resolves to the code and the details of what the subscription failed with, if it did. */
  async synced(): Promise<unknown> {
    return failureOf(this.#subscription?.synced());
  }

  async awaitCursor(era: string, seq: number): Promise<unknown> {
    return failureOf(this.#subscription?.awaitCursor({ era, seq }));
  }

  async digest(): Promise<string> {
    return digestOf(await this.#opened());
  }

  async nodes(): Promise<string[]> {
    const nodes: string[] = [];
    for await (const { key, immutable } of (await this.#opened()).keys()) {
      if (immutable) nodes.push(print(key));
    }
    return nodes;
  }

  async write(key: string, bytes: number): Promise<unknown> {
    const store = await this.#opened();
    return failureOf(store.set(key, new Uint8Array(bytes)));
  }

  async open(): Promise<unknown> {
    return failureOf(this.#opened());
  }

  /** Resolves to how the database is reached, or why it is not. */
  async read(): Promise<unknown> {
    const store = await this.#opened();
    return failureOf(store.feed());
  }

  async reopen(): Promise<void> {
    await this.#subscription?.close();
    await (await this.#opened()).close();
    this.#store = undefined;
  }

  #opened(): Promise<Store> {
    this.#store ??= DexieStore.open({ name: "replica", codec });
    return this.#store;
  }
}

async function failureOf(work: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!isSyncError(error)) throw error;
    const { code, details } = error;
    return { code, details };
  }
}

Object.assign(globalThis, { tab: new Tab() });
