/** One dialer or transport, the line that it gave, and the stores that follow on it. */
import { isSyncError, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Backoff } from "../backoff.ts";
import type { Codec } from "../codec.ts";
import type { Dialect } from "../dialect.ts";
import { backoffOf, type Environment, type Upstream } from "../environment.ts";
import type { ReadableStore, Store } from "../store.ts";
import type { SubscribeOptions, Subscription } from "../sync.ts";
import type { Dialer, Transport, TransportClose } from "../transport.ts";
import { Follower } from "./follower.ts";
import { ReplicaLine } from "./replica-line.ts";
import { FollowerSubscription } from "./subscription.ts";

export interface ConnectionOptions {
  readonly open: Dialer | Transport;
  readonly environment: Environment;
  readonly dialect: Dialect;
  readonly codec: Codec;
  /** When its last follower has left: it is of no use any more. */
  readonly onEnd: () => void;
}

/** Opens a line when somebody follows, and again when it breaks, until nobody does. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  readonly #followers = new Map<Follower, Set<Subscription>>();
  /** Aborted when nobody follows any more. */
  readonly #over = new AbortController();
  #line: ReplicaLine | undefined;
  #run: Promise<void> | undefined;
  /** Why there will never be a line again. */
  #failure: SyncError | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#backoff = backoffOf(options.environment);
  }

  /** How many subscriptions there are. */
  get size(): number {
    let size = 0;
    for (const subscriptions of this.#followers.values()) size += subscriptions.size;
    return size;
  }

  /**
   * One more subscription. Those to the same store in the same store share one follower.
   *
   * @throws {TypeError} when the store can be no replica, or the options contradict another's.
   */
  follow(storeId: Uuid, store: Store, options: SubscribeOptions): Subscription {
    options.signal?.throwIfAborted();
    const { feed, standings = feed } = store.capabilities;
    if (!standings) throw new TypeError("a store that keeps no standings cannot follow another");
    const follower = this.#find(storeId, store) ?? this.#start(storeId, store, options);
    follower.adopt(options);
    const subscriptions = this.#followers.get(follower) ?? new Set<Subscription>();
    this.#followers.set(follower, subscriptions);
    const subscription: Subscription = new FollowerSubscription(follower, options, async () => {
      subscriptions.delete(subscription);
      if (subscriptions.size === 0) await follower.close();
    });
    subscriptions.add(subscription);
    return subscription;
  }

  /** What a relay of this store has to know, where a follower of this connection writes to it. */
  upstreamOf(store: Store | ReadableStore): Upstream | undefined {
    for (const follower of this.#followers.keys()) {
      if (follower.store === store) return follower.upstream;
    }
    return undefined;
  }

  /** Ends every subscription, and the line when their writes have settled. */
  async close(): Promise<void> {
    await Promise.all(
      Array.from(this.#followers.values(), (subscriptions) =>
        Promise.all(Array.from(subscriptions, (subscription) => subscription.close())),
      ),
    );
    await this.#run;
  }

  #find(storeId: Uuid, store: Store): Follower | undefined {
    for (const follower of this.#followers.keys()) {
      const isSame = follower.store === store && follower.storeId.identity === storeId.identity;
      if (isSame && !follower.isOver) return follower;
    }
    return undefined;
  }

  #start(storeId: Uuid, store: Store, { select = null }: SubscribeOptions): Follower {
    const { environment } = this.#options;
    const follower: Follower = new Follower({
      storeId,
      store,
      environment,
      select,
      // Not when a line is open: one that breaks each time at once would be dialed without a pause.
      onLive: () => this.#backoff.reset(),
      onEnd: () => this.#leave(follower),
    });
    this.#followers.set(follower, new Set());
    if (this.#failure !== undefined) follower.fail(this.#failure);
    else if (this.#line !== undefined) follower.attach(this.#line);
    this.#run ??= this.#keepLine();
    return follower;
  }

  #leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    this.#over.abort();
    this.#options.onEnd();
  }

  /** Never rejects. */
  async #keepLine(): Promise<void> {
    const { open } = this.#options;
    const { clock, onWake } = this.#options.environment;
    const { signal } = this.#over;
    while (!signal.aborted) {
      const error = await this.#useLine();
      if (signal.aborted) return;
      if (typeof open !== "function" || LASTING.includes(error.code)) {
        this.#failure = error;
        for (const follower of this.#followers.keys()) follower.fail(error);
        return;
      }
      for (const follower of this.#followers.keys()) follower.detach(error);
      await this.#backoff.pause({ clock, onWake, signal });
    }
  }

  /** Opens a line and waits for its end. Resolves to why there is none. */
  async #useLine(): Promise<SyncError> {
    const { environment, dialect, codec } = this.#options;
    const { signal } = this.#over;
    let line: ReplicaLine;
    try {
      const transport = await this.#open();
      line = new ReplicaLine({ transport, dialect, codec, environment });
    } catch (error) {
      return toSyncError(error);
    }
    const leave = () => void line.close();
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    void line.agreed.then(() => this.#attach(line));
    const close = await line.closed;
    signal.removeEventListener("abort", leave);
    if (this.#line === line) {
      this.#line = undefined;
      environment.tell({ type: "line-closed", role: "replica", error: close.error });
    }
    return reasonOf(close);
  }

  #attach(line: ReplicaLine): void {
    if (line.isOver) return;
    this.#line = line;
    this.#options.environment.tell({ type: "line-opened", role: "replica" });
    for (const follower of this.#followers.keys()) follower.attach(line);
  }

  #open(): Promise<Transport> {
    const { open } = this.#options;
    const { signal } = this.#over;
    if (typeof open !== "function") return Promise.resolve(open);
    return new Promise((resolve, reject) => {
      const leave = () => reject(new SyncError("ABORTED", "nobody follows any more"));
      signal.addEventListener("abort", leave, { once: true });
      open({ signal })
        .finally(() => signal.removeEventListener("abort", leave))
        .then((transport) => {
          resolve(transport);
          // A dialer that does not heed the signal: nobody is there any more for what it brings.
          if (signal.aborted) void transport.close();
        }, reject);
    });
  }
}

/** The same two ends will fall out over these again. */
const LASTING: readonly string[] = ["PROTOCOL_VIOLATION", "UNKNOWN_CODEC", "UNKNOWN_MESSAGE"];

function reasonOf({ error, code }: TransportClose): SyncError {
  return error ?? new SyncError(code ?? "TRANSPORT_CLOSED", "the line was closed");
}

function toSyncError(error: unknown): SyncError {
  if (isSyncError(error)) return error;
  return new SyncError("TRANSPORT_CLOSED", "there is no line to be had", { cause: error });
}
