/** A topic that is no store, and those who have subscribed to it. */
import { type Edn, SyncError } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import type { TopicDialect } from "../topic-message.ts";
import type { TopicOptions } from "./topic-options.ts";

/** Kabel's servers take no more than this many that are unread, and nor do ours send more. */
export const MAX_UNREAD = 100;

export class PlainTopic {
  readonly kind = "topic";
  readonly topic: Edn;
  readonly options: TopicOptions;
  readonly #subscribers = new Map<Connection, Subscriber>();

  constructor(topic: Edn, options: TopicOptions) {
    this.topic = topic;
    this.options = options;
  }

  add(connection: Connection, dialect: TopicDialect): void {
    this.#subscribers.set(connection, { dialect, unread: 0 });
  }

  remove(connection: Connection): void {
    this.#subscribers.delete(connection);
  }

  /** To all but the one who published it, if it was one of them. */
  publish(payload: Edn, sender?: Connection): void {
    for (const [connection, subscriber] of this.#subscribers) {
      if (connection !== sender) void this.#send(connection, subscriber, payload);
    }
  }

  async #send(connection: Connection, subscriber: Subscriber, payload: Edn): Promise<void> {
    if (subscriber.unread >= MAX_UNREAD) return connection.fail(tooSlow());
    subscriber.unread++;
    try {
      const message = { type: "publish", topic: this.topic, payload } as const;
      await connection.send(subscriber.dialect.spell(message));
      subscriber.unread--;
    } catch (error) {
      // Who misses one would never know; with a new line it begins anew.
      connection.fail(error instanceof Error ? error : tooSlow());
    }
  }
}

interface Subscriber {
  readonly dialect: TopicDialect;
  /** Publications for which there was no room in the line yet. */
  unread: number;
}

function tooSlow(): SyncError {
  return new SyncError("LIMIT_EXCEEDED", "publications are left unread", {
    details: { limit: "MAX_UNREAD", max: MAX_UNREAD },
  });
}
