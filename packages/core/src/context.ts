/** What joins stores, machines, transports and time. */
import { isKind, type SyncError, type Uuid } from "@datahike-sync/edn";
import { SYSTEM_CLOCK } from "./clock.ts";
import type { Codec } from "./codec.ts";
import type { Dialect } from "./dialect.ts";
import type { Environment, Upstream } from "./environment.ts";
import { Listeners } from "./listeners.ts";
import { NATIVE_DIALECT } from "./native-dialect.ts";
import { SYNC_LIMITS, type SyncLimits } from "./options.ts";
import { PrimaryLine } from "./primary/primary-line.ts";
import { PrimaryStores } from "./primary/primary-stores.ts";
import { Connection } from "./replica/connection.ts";
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
import { SYSTEM_WAKE } from "./wake.ts";

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
  readonly #connections = new Map<Dialer | Transport, Connection>();
  /** The last subscription of each store. One that is over can still be asked what is stored. */
  readonly #upstreams = new WeakMap<Store | ReadableStore, Upstream>();
  readonly #listeners = new Listeners<SyncEvent>();
  readonly #stops = new Set<() => void>();
  #closed: Promise<void> | undefined;

  constructor(options: SyncContextOptions) {
    const { codec, dialect = NATIVE_DIALECT } = options;
    this.#codec = codec;
    this.#dialect = dialect;
    this.#environment = environmentOf(options, (event) => this.#listeners.tell(event));
    this.#stores = new PrimaryStores(this.#environment);
  }

  registerStore(
    store: Store | ReadableStore,
    config: StoreConfig | Uuid,
    options: RegisterOptions = {},
  ): Registration {
    this.#checkOpen();
    const id = isUuid(config) ? config : storeId(config);
    return this.#stores.register(store, id, options, () => this.#upstreamOf(store));
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
    let connection = this.#connections.get(to);
    if (connection === undefined) {
      connection = new Connection({
        open: to,
        environment: this.#environment,
        dialect: this.#dialect,
        codec: this.#codec,
        onEnd: () => this.#connections.delete(to),
      });
      this.#connections.set(to, connection);
    }
    const subscription = connection.follow(id, store, options);
    const upstream = connection.upstreamOf(store);
    if (upstream !== undefined) this.#upstreams.set(store, upstream);
    return subscription;
  }

  onEvent(listener: (event: SyncEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  stats(): ContextStats {
    const connections = Array.from(this.#connections.values());
    const subscriptions = connections.reduce((sum, { size }) => sum + size, 0);
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
      ...Array.from(this.#connections.values(), (connection) => connection.close()),
      ...Array.from(this.#lines, (line) => line.close()),
    ]);
    await this.#stores.close();
  }

  /** The subscription that feeds a store makes a relay of it. */
  #upstreamOf(store: Store | ReadableStore): Upstream | undefined {
    for (const connection of this.#connections.values()) {
      const upstream = connection.upstreamOf(store);
      if (upstream !== undefined) return upstream;
    }
    return this.#upstreams.get(store);
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new TypeError("the context was closed");
  }
}

function environmentOf(
  { clock = SYSTEM_CLOCK, random = Math.random, onWake = SYSTEM_WAKE, limits }: SyncContextOptions,
  tell: (event: SyncEvent) => void,
): Environment {
  const report = (error: SyncError) => tell({ type: "fault", error });
  return { clock, random, onWake, limits: limitsOf(limits), tell, report };
}

function limitsOf(given: Partial<SyncLimits> = {}): SyncLimits {
  const limits: SyncLimits = { ...SYNC_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw new RangeError(`${name} is a whole number, at least 1`);
    }
  }
  return Object.freeze(limits);
}

function isUuid(config: StoreConfig | Uuid): config is Uuid {
  // `as`: what is neither map nor UUID is a plain object, which has no kind.
  return isKind(config as Uuid, "uuid");
}
