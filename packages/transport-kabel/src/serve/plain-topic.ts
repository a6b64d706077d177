/** A topic that is no store, and those who have subscribed to it. */
import { type Edn, isSyncError, SyncError } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import type { TopicDialect } from "../topic-message.ts";
import type { TellTopic } from "./topic-event.ts";
import type { TopicOptions } from "./topic-options.ts";

/** Kabel's servers take no more than this many that are unread, and nor do ours send more. */
export const MAX_UNREAD = 100;

export class PlainTopic {
  readonly kind = "topic";
  readonly topic: Edn;
  readonly options: TopicOptions;
  readonly #tell: TellTopic;
  readonly #subscribers = new Map<Connection, Subscriber>();

  constructor(topic: Edn, options: TopicOptions, tell: TellTopic) {
    this.topic = topic;
    this.options = options;
    this.#tell = tell;
  }

  add(connection: Connection, dialect: TopicDialect): void {
    this.#subscribers.set(connection, { dialect, unread: 0, isAllowed: Promise.resolve(true) });
  }

  remove(connection: Connection): void {
    this.#subscribers.delete(connection);
  }

  /** What comes from now on waits until it is known whether a subscriber may still have it. */
  hold(connection: Connection, isAllowed: Promise<boolean>): void {
    const subscriber = this.#subscribers.get(connection);
    // Behind the answer before: what waits for that goes first.
    if (subscriber) subscriber.isAllowed = subscriber.isAllowed.then(() => isAllowed);
  }

  /** To all but the one who published it, if it was one of them. */
  publish(payload: Edn, sender?: Connection): void {
    for (const [connection, subscriber] of this.#subscribers) {
      if (connection !== sender) void this.#send(connection, subscriber, payload);
    }
  }

  async #send(connection: Connection, subscriber: Subscriber, payload: Edn): Promise<void> {
    try {
      if (subscriber.unread >= MAX_UNREAD) throw tooSlow();
      subscriber.unread++;
      if (!(await subscriber.isAllowed)) return;
      const message = { type: "publish", topic: this.topic, payload } as const;
      await connection.send(subscriber.dialect.spell(message));
      subscriber.unread--;
    } catch (error) {
      // Who misses one would never know; with a new line it begins anew.
      this.#fail(connection, isSyncError(error) ? error : unspoken(error));
    }
  }

  #fail(connection: Connection, error: SyncError): void {
    // What waited for the same line has nothing to add.
    if (!this.#subscribers.delete(connection) || error.code === "TRANSPORT_CLOSED") return;
    this.#tell({ type: "failed", topic: this.topic, error });
    connection.fail(error);
  }
}

interface Subscriber {
  readonly dialect: TopicDialect;
  /** Publications for which there was no room in the line yet. */
  unread: number;
  isAllowed: Promise<boolean>;
}

function tooSlow(): SyncError {
  return new SyncError("LIMIT_EXCEEDED", "publications are left unread", {
    details: { limit: "MAX_UNREAD", max: MAX_UNREAD },
  });
}

function unspoken(cause: unknown): SyncError {
  return new SyncError("INTERNAL", "a publication could not be sent", { cause });
}
