/** What joins stores, machines, transports and time. */
import { isKind, type Uuid } from "@datahike-sync/edn";
import type { Codec } from "./codec.ts";
import type { Dialect } from "./dialect.ts";
import { type Environment, openEnvironment } from "./environment.ts";
import { Listeners } from "./listeners.ts";
import { NATIVE_DIALECT } from "./native-dialect.ts";
import { PrimaryLine } from "./primary/primary-line.ts";
import { PrimaryStores } from "./primary/primary-stores.ts";
import { Connections } from "./replica/connections.ts";
import type { ReadableStore, Store } from "./store.ts";
import { storeId } from "./store-id.ts";
import type {
  ContextStats,
  RegisterOptions,
  Registration,
  StoreConfig,
  SubscribeOptions,
  Subscription,
  SyncContext,
  SyncContextOptions,
  SyncEvent,
} from "./sync.ts";
import type { Dialer, Transport, TransportServer } from "./transport.ts";

/**
 * A context without stores and lines.
 *
 * @throws {RangeError} when a limit is not a whole number above 0.
 */
export function createSyncContext(options: SyncContextOptions): SyncContext {
  return new Context(options);
}

class Context implements SyncContext {
  readonly #codec: Codec;
  readonly #dialect: Dialect;
  readonly #environment: Environment;
  readonly #stores: PrimaryStores;
  readonly #lines = new Set<PrimaryLine>();
  readonly #connections: Connections;
  readonly #listeners = new Listeners<SyncEvent>();
  readonly #stops = new Set<() => void>();
  #closed: Promise<void> | undefined;

  constructor(options: SyncContextOptions) {
    const { codec, dialect = NATIVE_DIALECT } = options;
    this.#codec = codec;
    this.#dialect = dialect;
    const environment = openEnvironment(options, (event) => this.#listeners.tell(event));
    this.#environment = environment;
    this.#stores = new PrimaryStores(environment);
    this.#connections = new Connections({ environment, dialect, codec });
  }

  registerStore(
    store: Store | ReadableStore,
    config: StoreConfig | Uuid,
    options: RegisterOptions = {},
  ): Registration {
    this.#checkOpen();
    const id = isUuid(config) ? config : storeId(config);
    return this.#stores.register(store, id, options, () => this.#connections.upstreamOf(store));
  }

  serve(server: TransportServer): () => void {
    this.#checkOpen();
    const off = server.onConnection((transport) => this.accept(transport));
    const stop = () => {
      this.#stops.delete(stop);
      off();
    };
    this.#stops.add(stop);
    return stop;
  }

  accept(transport: Transport): void {
    this.#checkOpen();
    const { limits, tell } = this.#environment;
    const primary = new PrimaryLine(this.#stores, this.#environment);
    this.#lines.add(primary);
    transport.onClose(() => this.#lines.delete(primary));
    const line = this.#dialect.open(
      transport,
      {
        role: "primary",
        codec: this.#codec,
        maxFrameBytes: limits.maxFrameBytes,
        maxWindowBytes: limits.windowBytes,
        pingMs: limits.pingMs,
      },
      primary,
    );
    primary.begin(line);
    tell({ type: "line-opened", role: "primary" });
  }

  subscribe(
    to: Dialer | Transport,
    id: Uuid,
    store: Store,
    options: SubscribeOptions = {},
  ): Subscription {
    this.#checkOpen();
    return this.#connections.follow(to, id, store, options);
  }

  onEvent(listener: (event: SyncEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  stats(): ContextStats {
    const { size: subscriptions } = this.#connections;
    return { lines: this.#lines.size, subscriptions, ...this.#stores.stats };
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    for (const stop of this.#stops) stop();
    await Promise.all([
      this.#connections.close(),
      ...Array.from(this.#lines, (line) => line.close()),
    ]);
    await this.#stores.close();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new TypeError("the context was closed");
  }
}

function isUuid(config: StoreConfig | Uuid): config is Uuid {
  // `as`: what is neither map nor UUID is a plain object, which has no kind.
  return isKind(config as Uuid, "uuid");
}
