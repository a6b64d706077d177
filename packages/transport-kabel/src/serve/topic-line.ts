/** One line on which topics are served: what comes is taken apart, and each part goes its way. */
import { isSyncError } from "@datahike-sync/core";
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
import { readChanges } from "../store-changes.ts";
import type {
  TopicDialect,
  TopicMessage,
  TopicPublish,
  TopicRequest,
  TopicState,
} from "../topic-message.ts";
import { applyChanges } from "./apply-changes.ts";
import { EngineLine } from "./engine-line.ts";
import { MAX_UNREAD, type PlainTopic } from "./plain-topic.ts";
import { StoreFeed } from "./store-feed.ts";
import type { TellTopic } from "./topic-event.ts";
import { refusalOf } from "./topic-options.ts";
import type { StoreTopic } from "./topic-server.ts";

/** What is served, by the identity of its topic. */
export type Served = ReadonlyMap<string, PlainTopic | StoreTopic>;

export class TopicLine {
  readonly engine: EngineLine;
  readonly #connection: Connection;
  readonly #served: Served;
  readonly #tell: TellTopic;
  /** Subscriptions to stores, by the identity of the topic. */
  readonly #feeds = new Map<string, StoreFeed>();
  /** Stores of which something was published, by identity of the topic, also where that is over. */
  readonly #known = new Set<string>();
  readonly #topics = new Map<PlainTopic, Joined>();
  /** Requests that are not answered, and publications that wait for those before them. */
  #pending = 0;
  #publications: Promise<void> = Promise.resolve();

  constructor(
    connection: Connection,
    dialects: readonly TopicDialect[],
    served: Served,
    tell: TellTopic,
  ) {
    this.#connection = connection;
    this.#served = served;
    this.#tell = tell;
    this.engine = new EngineLine(connection);
    for (const dialect of dialects) {
      connection.on(dialect.types, (map) => {
        const message = dialect.read(map);
        if (message !== undefined) this.#take(message, dialect);
      });
    }
    connection.onPeer(() => this.#begin(this.#recheck()));
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
    this.#tell({ type: "refused", topic, error: noTopic() });
    await this.#refuse(id, topic, dialect);
    return false;
  }

  async #joinTopic(id: Uuid, served: PlainTopic, dialect: TopicDialect): Promise<boolean> {
    const { topic } = served;
    const refusal = (await this.#refusalOf(served)) ?? this.#absenceOf(served);
    if (refusal !== undefined) {
      this.#tell({ type: "refused", topic, error: refusal });
      await this.#refuse(id, topic, dialect);
      return false;
    }
    if (this.#connection.state === "closed") return false;
    this.#topics.set(served, { id, dialect });
    served.add(this.#connection, dialect);
    await this.#connection.send(dialect.spell({ type: "complete", topic }));
    this.#tell({ type: "subscribed", topic });
    return true;
  }

  async #joinStore(
    id: Uuid,
    { topic, state }: { readonly topic: Uuid; readonly state: Edn },
    served: StoreTopic | undefined,
    dialect: TopicDialect,
  ): Promise<boolean> {
    const connection = this.#connection;
    const feed: StoreFeed = new StoreFeed({
      topic,
      state,
      connection,
      engine: this.engine,
      dialect,
      walked: served?.walked,
      isAgain: this.#known.has(identity(topic)),
      tell: this.#tell,
      onGranted: async () => {
        if (!dialect.acknowledgesFirst) return;
        await connection.send(dialect.spell({ type: "subscribed", id, topics: [topic] }));
      },
      onRefused: () => {
        this.#forget(topic, feed);
        this.#begin(this.#refuse(id, topic, dialect));
      },
    });
    this.#feeds.set(identity(topic), feed);
    const error = await feed.handshake;
    if (error === undefined) {
      this.#known.add(identity(topic));
      return true;
    }
    this.#forget(topic, feed);
    if (error.code === "STORE_NOT_FOUND") await this.#refuse(id, topic, dialect);
    // That the topic is missing in the acknowledgement says it, where that is still to come.
    else if (dialect.acknowledgesFirst && error.code !== "ABORTED") connection.fail(error);
    return false;
  }

  /** A feed that has ended, unless another one has its place. */
  #forget(topic: Edn, feed: StoreFeed): void {
    const id = identity(topic);
    if (this.#feeds.get(id) === feed) this.#feeds.delete(id);
  }

  /** The other side has said anew who it is: all that it has is asked again. */
  async #recheck(): Promise<void> {
    this.engine.renewPeer();
    const { size } = this.#topics;
    if (size > 0) await Promise.all(Array.from(this.#topics, (one) => this.#recheckTopic(...one)));
  }

  async #recheckTopic(served: PlainTopic, joined: Joined): Promise<void> {
    const { topic } = served;
    const asked = this.#refusalOf(served);
    served.hold(
      this.#connection,
      asked.then((refusal) => refusal === undefined),
    );
    const error = await asked;
    // It may have been left meanwhile, or joined anew.
    if (error === undefined || this.#topics.get(served) !== joined) return;
    this.#topics.delete(served);
    served.remove(this.#connection);
    this.#tell({ type: "refused", topic, error });
    await this.#refuse(joined.id, topic, joined.dialect);
  }

  /** Why the other side may not have a topic, as whoever it is when there is an answer. */
  async #refusalOf({ topic, options }: PlainTopic): Promise<SyncError | undefined> {
    const { authorize } = options;
    if (authorize === undefined) return undefined;
    for (;;) {
      const { principal } = this.#connection.peer;
      const refusal = await refusalOf(() => authorize({ principal, topic }));
      if (principal === this.#connection.peer.principal) return refusal;
    }
  }

  #absenceOf(served: PlainTopic): SyncError | undefined {
    return this.#served.get(identity(served.topic)) === served ? undefined : noTopic();
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
    const refusal = await refusalOf(() => authorizePublish?.(publication) ?? false);
    if (refusal !== undefined) {
      return this.#refusePublication(topic, dialect, refusal, FORBIDDEN);
    }
    if (served.kind === "topic") {
      served.options.onPublish?.(publication);
      return served.publish(payload, this.#connection);
    }
    try {
      await applyChanges(served.store, readChanges(payload));
    } catch (thrown) {
      const error = faultOf(thrown);
      await this.#refusePublication(topic, dialect, error, `not applied: ${error.code}`);
    }
  }

  async #refusePublication(
    topic: Edn,
    dialect: TopicDialect,
    error: SyncError,
    message: string,
  ): Promise<void> {
    this.#tell({ type: "publish-refused", topic, error });
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
    for (const topic of this.#topics.keys()) topic.remove(this.#connection);
    this.#topics.clear();
  }
}

/** How somebody came to a topic. */
interface Joined {
  readonly id: Uuid;
  readonly dialect: TopicDialect;
}

type SubscribeRequest = Extract<TopicRequest, { readonly type: "subscribe" }>;

/** The words of Clojure's servers. */
const UNAUTHORIZED: Keyword = keyword("pubsub", "unauthorized");
const FORBIDDEN = "not authorized to publish to this topic";

function faultOf(error: unknown): SyncError {
  if (isSyncError(error)) return error;
  return new SyncError("INTERNAL", "a topic could not be served", { cause: error });
}

function noTopic(): SyncError {
  return new SyncError("STORE_NOT_FOUND", "no such topic");
}

function tooMany(): SyncError {
  return new SyncError("LIMIT_EXCEEDED", "too many requests at once", {
    details: { limit: "MAX_UNREAD", max: MAX_UNREAD },
  });
}
