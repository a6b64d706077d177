/** The lines on which a context follows, one for each dialer or transport. */
import type { Uuid } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { Dialect } from "../dialect.ts";
import type { Environment, Upstream } from "../environment.ts";
import type { ReadableStore, Store } from "../store.ts";
import type { SubscribeOptions, Subscription } from "../sync.ts";
import type { Dialer, Transport } from "../transport.ts";
import { Connection } from "./connection.ts";

export interface ConnectionsOptions {
  readonly environment: Environment;
  readonly dialect: Dialect;
  readonly codec: Codec;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Map<Dialer | Transport, Connection>();
  /** The last subscription of each store. One that is over can still be asked what is stored. */
  readonly #upstreams = new WeakMap<Store | ReadableStore, Upstream>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** How many subscriptions there are. */
  get size(): number {
    let size = 0;
    for (const connection of this.#open.values()) size += connection.size;
    return size;
  }

  /** As {@link Connection.follow}, on the line of this dialer or transport. */
  follow(
    to: Dialer | Transport,
    storeId: Uuid,
    store: Store,
    options: SubscribeOptions,
  ): Subscription {
    let connection = this.#open.get(to);
    if (connection === undefined) {
      const onEnd = () => this.#open.delete(to);
      connection = new Connection({ ...this.#options, open: to, onEnd });
      this.#open.set(to, connection);
    }
    const subscription = connection.follow(storeId, store, options);
    const upstream = connection.upstreamOf(store);
    if (upstream !== undefined) this.#upstreams.set(store, upstream);
    return subscription;
  }

  /** The subscription that feeds a store makes a relay of it. */
  upstreamOf(store: Store | ReadableStore): Upstream | undefined {
    for (const connection of this.#open.values()) {
      const upstream = connection.upstreamOf(store);
      if (upstream !== undefined) return upstream;
    }
    return this.#upstreams.get(store);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#open.values(), (connection) => connection.close()));
  }
}
