/** Serves stores and other topics to kabel's peers, of both generations at once. */
import {
  type Codec,
  createSyncContext,
  type ReadableStore,
  type Registration,
  type Store,
  type SyncContext,
  type SyncContextOptions,
} from "@datahike-sync/core";
import { Listeners } from "@datahike-sync/core/store-parts";
import { type Edn, identity, type Uuid } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import type { KabelPeer } from "../peer.ts";
import { PUBSUB_DIALECT } from "../pubsub-dialect.ts";
import { SYNC_DIALECT } from "../sync-dialect.ts";
import { ENGINE_DIALECT } from "./engine-line.ts";
import { PlainTopic } from "./plain-topic.ts";
import { type TopicEvent, topicEventOf } from "./topic-event.ts";
import { TopicLine } from "./topic-line.ts";
import type { ServedTopic, StoreTopicOptions, TopicOptions } from "./topic-options.ts";

export interface TopicServerOptions
  extends Omit<SyncContextOptions, "dialect" | "codec" | "onWake"> {
  /** Of values on their way from a store to a line: that of the stores is the cheapest. */
  readonly codec: Codec;
}

/** A store as a topic. */
export interface StoreTopic {
  readonly kind: "store";
  /** Where publications are written, if it can be written to. */
  readonly store: Store | undefined;
  /** Where what is gone is looked up, of a store with a walker. */
  readonly walked: ReadableStore | undefined;
  readonly options: Pick<StoreTopicOptions, "authorizePublish">;
}

/**
 * A sync context for Clojure's peers: what it serves is what the engine would send to our own, and goes
 * in their words, at their pace: twenty items, a marker, one acknowledgement. Stores stay open when it is
 * closed.
 */
export class TopicServer implements AsyncDisposable {
  readonly #context: SyncContext;
  readonly #served = new Map<string, PlainTopic | StoreTopic>();
  readonly #stops = new Set<() => void>();
  readonly #listeners = new Listeners<TopicEvent>();

  /** @throws {RangeError} when a limit is not a whole number above 0. */
  constructor(options: TopicServerOptions) {
    const limits = { batchOperations: BATCH_ITEMS, ...options.limits };
    this.#context = createSyncContext({ ...options, limits, dialect: ENGINE_DIALECT });
    this.#context.onEvent((event) => {
      const told = topicEventOf(event);
      if (told !== undefined) this.#tell(told);
    });
  }

  /**
   * Offers a store under its id: Datahike's is the one of its configuration, that of 2025 is the hash of
   * the whole configuration. A store may have several ids.
   *
   * @throws {TypeError} when the id is taken, or the options do not fit the store.
   */
  registerStore(
    store: Store | ReadableStore,
    id: Uuid,
    { authorizePublish, ...options }: StoreTopicOptions = {},
  ): Registration {
    this.#checkFree(id);
    const registration = this.#context.registerStore(store, id, options);
    this.#served.set(identity(id), {
      kind: "store",
      store: "write" in store ? store : undefined,
      walked: options.walker === undefined ? undefined : store,
      options: { authorizePublish },
    });
    return {
      storeId: registration.storeId,
      refresh: () => registration.refresh(),
      unregister: () => {
        this.#served.delete(identity(id));
        registration.unregister();
      },
    };
  }

  /**
   * Offers a topic that is no store, which any EDN value names.
   *
   * @throws {TypeError} when there is one of that name.
   */
  registerTopic(topic: Edn, options: TopicOptions = {}): ServedTopic {
    this.#checkFree(topic);
    const plain = new PlainTopic(topic, options, this.#tell);
    this.#served.set(identity(topic), plain);
    return {
      topic,
      publish: (payload) => plain.publish(payload),
      unregister: () => {
        if (this.#served.get(identity(topic)) === plain) this.#served.delete(identity(topic));
      },
    };
  }

  /** Serves on every line of a peer, from the next one on. Returns what stops it; lines that are open stay. */
  serve(peer: KabelPeer): () => void {
    const off = peer.onConnection((connection) => this.accept(connection));
    const stop = () => {
      this.#stops.delete(stop);
      off();
    };
    this.#stops.add(stop);
    return stop;
  }

  /** Serves on one line. */
  accept(connection: Connection): void {
    const line = new TopicLine(connection, DIALECTS, this.#served, this.#tell);
    this.#context.accept(line.engine);
  }

  /** What happens to topics, for logs. Returns the function that stops it. */
  onEvent(listener: (event: TopicEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Ends the lines on which it serves. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#context.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #tell = (event: TopicEvent): void => this.#listeners.tell(event);

  #checkFree(topic: Edn): void {
    if (this.#served.has(identity(topic)))
      throw new TypeError("a topic of that name is registered");
  }
}

const DIALECTS = [PUBSUB_DIALECT, SYNC_DIALECT] as const;

/** As many as Clojure's servers put in one. */
const BATCH_ITEMS = 20;
