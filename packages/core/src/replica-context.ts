/** A context that follows and never serves: a page that bundles it loads nothing of a primary. */
import type { Uuid } from "@datahike-sync/edn";
import { openEnvironment } from "./environment.ts";
import { Listeners } from "./listeners.ts";
import { NATIVE_DIALECT } from "./native-dialect.ts";
import { Connections } from "./replica/connections.ts";
import type { Store } from "./store.ts";
import type {
  ReplicaContext,
  ReplicaContextStats,
  SubscribeOptions,
  Subscription,
  SyncContextOptions,
  SyncEvent,
} from "./sync.ts";
import type { Dialer, Transport } from "./transport.ts";

/**
 * A context without lines, for a process that only follows.
 *
 * @throws {RangeError} when a limit is not a whole number above 0.
 */
export function createReplicaContext(options: SyncContextOptions): ReplicaContext {
  return new FollowingContext(options);
}

class FollowingContext implements ReplicaContext {
  readonly #connections: Connections;
  readonly #listeners = new Listeners<SyncEvent>();
  #closed: Promise<void> | undefined;

  constructor(options: SyncContextOptions) {
    const { codec, dialect = NATIVE_DIALECT } = options;
    const environment = openEnvironment(options, (event) => this.#listeners.tell(event));
    this.#connections = new Connections({ environment, dialect, codec });
  }

  subscribe(
    to: Dialer | Transport,
    storeId: Uuid,
    store: Store,
    options: SubscribeOptions = {},
  ): Subscription {
    if (this.#closed !== undefined) throw new TypeError("the context was closed");
    return this.#connections.follow(to, storeId, store, options);
  }

  onEvent(listener: (event: SyncEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  stats(): ReplicaContextStats {
    return { subscriptions: this.#connections.size };
  }

  close(): Promise<void> {
    this.#closed ??= this.#connections.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
