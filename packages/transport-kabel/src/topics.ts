/** One side's subscriptions to the topics of the other, many on one line. */
import { type Edn, identity, isKind, randomUuid, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Connection } from "./connection.ts";
import type { TopicDialect, TopicMessage } from "./topic-message.ts";

/** Takes what a topic brings. Called synchronously, in the order of the line. */
export interface TopicListener {
  readonly onItem: (item: Edn, bytes: number) => void;
  /** A batch of items ends: to be acknowledged by its number. `count` as the server has it, if it tells. */
  readonly onBatch: (batch: number, count: number | undefined) => void;
  /** There are no more items; what comes from now on are publications, which came before, too. */
  readonly onComplete: () => void;
  readonly onPublish: (payload: Edn, bytes: number) => void;
  /** The server has subscribed this side: before the items, or behind them. */
  readonly onSubscribed: () => void;
  /**
   * The server refused the subscription or gave it up, and nothing comes any more; `retryable` where it
   * may do otherwise the next time.
   */
  readonly onRefused: (error: SyncError, retryable: boolean) => void;
  /** The server refused a publication. */
  readonly onPublishRefused: (error: SyncError) => void;
}

export interface TopicSubscription {
  /** Begins anew, once the items have ended or the server gave up. */
  subscribe(state: Edn): Promise<void>;
  ack(batch: number): Promise<void>;
  publish(payload: Edn): Promise<void>;
  /** Ends it; where the dialect has no word for that, what still comes is left unread. */
  end(): void;
}

interface Entry {
  readonly topic: Edn;
  readonly listener: TopicListener;
  /** Of the request that was sent last. */
  id: Uuid | undefined;
}

/**
 * Publications to topics that nobody here subscribed to are left unread: a server without subscribers
 * sends them to whoever came last.
 */
export class Topics {
  readonly #connection: Connection;
  readonly #dialect: TopicDialect;
  readonly #entries = new Map<string, Entry>();
  #isListening = false;

  /** @internal `Connection.topics` gives the one of a line. */
  constructor(connection: Connection, dialect: TopicDialect) {
    this.#connection = connection;
    this.#dialect = dialect;
  }

  /**
   * Prepares a subscription, which begins with `subscribe`. Topics are equal by value.
   *
   * @throws {SyncError} `LIMIT_EXCEEDED` when the line has one to this topic: two would take each
   * other's acknowledgements.
   */
  open(topic: Edn, listener: TopicListener): TopicSubscription {
    const key = identity(topic);
    if (this.#entries.has(key)) {
      throw new SyncError("LIMIT_EXCEEDED", "one subscription to a topic on one line", {
        details: { limit: "subscriptions to a topic", max: 1 },
      });
    }
    const entry: Entry = { topic, listener, id: undefined };
    this.#entries.set(key, entry);
    this.#listen();
    return {
      subscribe: async (state) => {
        entry.id = randomUuid();
        await this.#send({ type: "subscribe", id: entry.id, topics: [{ topic, state }] });
      },
      ack: (batch) => this.#send({ type: "ack", topic, batch }),
      publish: (payload) => this.#send({ type: "publish", topic, payload }),
      end: () => {
        if (this.#entries.get(key) !== entry) return;
        this.#entries.delete(key);
        if (entry.id === undefined || !this.#dialect.canUnsubscribe) return;
        // Of use to the server alone, and a line that is over has ended it anyhow.
        this.#send({ type: "unsubscribe", topics: [topic] }).catch(() => undefined);
      },
    };
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#connection.on(this.#dialect.types, (message, bytes) => {
      const read = this.#dialect.read(message);
      if (read !== undefined) this.#take(read, bytes);
    });
  }

  async #send(message: TopicMessage): Promise<void> {
    await this.#connection.send(this.#dialect.spell(message));
  }

  #take(message: TopicMessage, bytes: number): void {
    if (message.type === "subscribed") return this.#conclude(message.id, message.topics);
    // Requests are for those who serve.
    if (message.type === "subscribe" || message.type === "unsubscribe") return;
    const entry = this.#entries.get(identity(message.topic));
    if (entry === undefined) return;
    const { listener } = entry;
    switch (message.type) {
      case "item":
        return listener.onItem(message.item, bytes);
      case "batch":
        return listener.onBatch(message.batch, message.count);
      case "complete":
        return listener.onComplete();
      case "publish":
        return listener.onPublish(message.payload, bytes);
      case "error":
        return refuse(entry, message);
      case "ack":
        return;
    }
  }

  /** A request whose topics are missing from its acknowledgement was given up without a word. */
  #conclude(id: Uuid, topics: readonly Edn[]): void {
    const subscribed = new Set(topics.map(identity));
    for (const [key, entry] of this.#entries) {
      if (entry.id?.identity !== id.identity) continue;
      if (subscribed.has(key)) {
        entry.listener.onSubscribed();
      } else {
        entry.id = undefined;
        const error = new SyncError(
          "ACK_TIMEOUT",
          "the server gave up the handshake without a word",
        );
        entry.listener.onRefused(error, true);
      }
    }
  }
}

/** Words that servers have for a subscription that is not to be had, and what they mean. */
const REFUSALS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  "Topic not registered": ["STORE_NOT_FOUND", "the server has no such topic"],
  "Store not found": ["STORE_NOT_FOUND", "the server has no such store"],
  "Not authorized": ["UNAUTHORIZED", "the server did not allow the subscription"],
};

function refuse(entry: Entry, message: Extract<TopicMessage, { readonly type: "error" }>): void {
  const { error, id } = message;
  // A request that is no longer ours, or one of before.
  if (id !== undefined && id.identity !== entry.id?.identity) return;
  if (isKind(error, "keyword")) {
    const refusal = new SyncError("UNAUTHORIZED", "the server did not take what was published", {
      details: { error: error.toString() },
    });
    return entry.listener.onPublishRefused(refusal);
  }
  // The acknowledgement that follows says no more than this.
  entry.id = undefined;
  const text = typeof error === "string" ? error.slice(0, MAX_TEXT) : "";
  const [code, meaning] = Object.hasOwn(REFUSALS, text) ? (REFUSALS[text] ?? OTHER) : OTHER;
  entry.listener.onRefused(new SyncError(code, meaning, { details: { error: text } }), false);
}

const OTHER = ["REMOTE_ERROR", "the server refused the subscription"] as const;

/** Of what somebody else has to say, as much as a log should take. */
const MAX_TEXT = 200;
