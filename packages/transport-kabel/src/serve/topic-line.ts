/** One line on which topics are served: what comes is taken apart, and each part goes its way. */
import { isSyncError, type Store } from "@datahike-sync/core";
import {
  type Edn,
  identity,
  isKind,
  type Keyword,
  keyword,
  SyncError,
  type Uuid,
} from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import { readChanges, type StoreChange } from "../store-changes.ts";
import type {
  TopicDialect,
  TopicMessage,
  TopicPublish,
  TopicRequest,
  TopicState,
} from "../topic-message.ts";
import { EngineLine } from "./engine-line.ts";
import { MAX_UNREAD, type PlainTopic } from "./plain-topic.ts";
import { StoreFeed } from "./store-feed.ts";
import { isAllowed } from "./topic-options.ts";
import type { StoreTopic } from "./topic-server.ts";

/** What is served, by the identity of its topic. */
export type Served = ReadonlyMap<string, PlainTopic | StoreTopic>;

export class TopicLine {
  readonly engine: EngineLine;
  readonly #connection: Connection;
  readonly #served: Served;
  /** Subscriptions to stores, by the identity of the topic. */
  readonly #feeds = new Map<string, StoreFeed>();
  readonly #topics = new Set<PlainTopic>();
  /** Requests that are not answered, and publications that wait for those before them. */
  #pending = 0;
  #publications: Promise<void> = Promise.resolve();

  constructor(connection: Connection, dialects: readonly TopicDialect[], served: Served) {
    this.#connection = connection;
    this.#served = served;
    this.engine = new EngineLine(connection);
    for (const dialect of dialects) {
      connection.on(dialect.types, (map) => {
        const message = dialect.read(map);
        if (message !== undefined) this.#take(message, dialect);
      });
    }
    connection.onClose(() => this.#end());
  }

  #take(message: TopicMessage, dialect: TopicDialect): void {
    switch (message.type) {
      case "subscribe":
        return this.#begin(this.#subscribe(message, dialect));
      case "ack":
        return this.#feeds.get(identity(message.topic))?.ack(message.batch);
      case "unsubscribe":
        for (const topic of message.topics) this.#leave(topic);
        return;
      case "publish":
        return this.#takePublication(message, dialect);
      default:
        // Replies, for those who follow on the same line.
        return;
    }
  }

  #takePublication(message: TopicPublish, dialect: TopicDialect): void {
    const topic = this.#served.get(identity(message.topic));
    // Not ours: it may be of a topic that this peer follows on the same line.
    if (topic === undefined || !dialect.canPublish) return;
    this.#publications = this.#publications.then(() => this.#publish(message, topic, dialect));
    this.#begin(this.#publications);
  }

  /** Waits for a job of the other side's, of which there may be only so many at once. */
  #begin(job: Promise<void>): void {
    this.#pending++;
    job
      .catch((error: unknown) => {
        if (!isSyncError(error, "TRANSPORT_CLOSED")) this.#connection.fail(faultOf(error));
      })
      .finally(() => {
        this.#pending--;
      });
    if (this.#pending > MAX_UNREAD) this.#connection.fail(tooMany());
  }

  async #subscribe({ id, topics }: SubscribeRequest, dialect: TopicDialect): Promise<void> {
    const subscribed: Edn[] = [];
    for (const state of topics) {
      if (this.#connection.state === "closed") return;
      if (await this.#join(id, state, dialect)) subscribed.push(state.topic);
    }
    if (dialect.acknowledgesFirst) return;
    await this.#connection.send(dialect.spell({ type: "subscribed", id, topics: subscribed }));
  }

  /** Resolves to whether the other side has it. */
  async #join(id: Uuid, { topic, state }: TopicState, dialect: TopicDialect): Promise<boolean> {
    const served = this.#served.get(identity(topic));
    this.#leave(topic);
    if (served?.kind === "topic") return this.#joinTopic(id, served, dialect);
    // Also where there is no such store: the engine lets nobody guess which ones there are.
    if (isKind(topic, "uuid")) return this.#joinStore(id, { topic, state }, served, dialect);
    await this.#refuse(id, topic, dialect);
    return false;
  }

  async #joinTopic(id: Uuid, served: PlainTopic, dialect: TopicDialect): Promise<boolean> {
    const { topic, options } = served;
    const { principal } = this.#connection.peer;
    const { authorize } = options;
    const isWelcome =
      authorize === undefined || (await isAllowed(() => authorize({ principal, topic })));
    if (!isWelcome || this.#served.get(identity(topic)) !== served) {
      await this.#refuse(id, topic, dialect);
      return false;
    }
    if (this.#connection.state === "closed") return false;
    this.#topics.add(served);
    served.add(this.#connection, dialect);
    await this.#connection.send(dialect.spell({ type: "complete", topic }));
    return true;
  }

  async #joinStore(
    id: Uuid,
    { topic, state }: { readonly topic: Uuid; readonly state: Edn },
    served: StoreTopic | undefined,
    dialect: TopicDialect,
  ): Promise<boolean> {
    const connection = this.#connection;
    let isGranted = false;
    const feed = new StoreFeed({
      topic,
      state,
      connection,
      engine: this.engine,
      dialect,
      walked: served?.walked,
      onGranted: async () => {
        isGranted = true;
        if (!dialect.acknowledgesFirst) return;
        await connection.send(dialect.spell({ type: "subscribed", id, topics: [topic] }));
      },
    });
    this.#feeds.set(identity(topic), feed);
    const error = await feed.handshake;
    if (error === undefined) return true;
    if (this.#feeds.get(identity(topic)) === feed) this.#feeds.delete(identity(topic));
    if (!isGranted && error.code === "STORE_NOT_FOUND") await this.#refuse(id, topic, dialect);
    // That the topic is missing in the acknowledgement says it, where that is still to come.
    else if (dialect.acknowledgesFirst && error.code !== "ABORTED") connection.fail(error);
    return false;
  }

  /** The same for what there is not and for what is forbidden. */
  async #refuse(id: Uuid, topic: Edn, dialect: TopicDialect): Promise<void> {
    const error = dialect.acknowledgesFirst ? "Store not found" : "Topic not registered";
    await this.#connection.send(dialect.spell({ type: "error", topic, id, error }));
  }

  async #publish(
    { topic, payload }: TopicPublish,
    served: PlainTopic | StoreTopic,
    dialect: TopicDialect,
  ): Promise<void> {
    const { principal } = this.#connection.peer;
    const { authorizePublish } = served.options;
    const publication = { principal, topic, payload };
    if (authorizePublish === undefined || !(await isAllowed(() => authorizePublish(publication)))) {
      return this.#refusePublication(topic, dialect, FORBIDDEN);
    }
    if (served.kind === "topic") {
      served.options.onPublish?.(publication);
      return served.publish(payload, this.#connection);
    }
    try {
      await apply(served.store, readChanges(payload));
    } catch (error) {
      await this.#refusePublication(topic, dialect, `not applied: ${faultOf(error).code}`);
    }
  }

  async #refusePublication(topic: Edn, dialect: TopicDialect, message: string): Promise<void> {
    const reply = { type: "error", topic, error: UNAUTHORIZED, message } as const;
    await this.#connection.send(dialect.spell(reply));
  }

  #leave(topic: Edn): void {
    const id = identity(topic);
    this.#feeds.get(id)?.end();
    this.#feeds.delete(id);
    const served = this.#served.get(id);
    if (served?.kind !== "topic") return;
    this.#topics.delete(served);
    served.remove(this.#connection);
  }

  #end(): void {
    for (const feed of this.#feeds.values()) feed.end();
    this.#feeds.clear();
    for (const topic of this.#topics) topic.remove(this.#connection);
    this.#topics.clear();
  }
}

type SubscribeRequest = Extract<TopicRequest, { readonly type: "subscribe" }>;

/** The words of Clojure's servers. */
const UNAUTHORIZED: Keyword = keyword("pubsub", "unauthorized");
const FORBIDDEN = "not authorized to publish to this topic";

/**
 * What is written is committed, and as a commit goes to all who have subscribed, the one who published it
 * among them: so all of them end with what the store has.
 */
async function apply(store: Store | undefined, changes: readonly StoreChange[]): Promise<void> {
  if (store === undefined) throw new SyncError("STORE_READ_ONLY", "the store cannot be written to");
  for (const change of changes) {
    if (change.op === "delete") {
      await store.delete(change.key);
    } else if (!change.immutable || !(await store.has(change.key))) {
      await store.set(change.key, change.value, { immutable: change.immutable });
    }
  }
}

function faultOf(error: unknown): SyncError {
  if (isSyncError(error)) return error;
  return new SyncError("INTERNAL", "a topic could not be served", { cause: error });
}

function tooMany(): SyncError {
  return new SyncError("LIMIT_EXCEEDED", "too many requests at once", {
    details: { limit: "MAX_UNREAD", max: MAX_UNREAD },
  });
}
