/** One line of a peer, and who takes which of its messages. */
import type { Peer, TransportClose } from "@datahike-sync/core";
import { type EdnMap, type Keyword, keyword } from "@datahike-sync/edn";
import type { MessageLine, MessageListener } from "./message-line.ts";
import type { TopicDialect } from "./topic-message.ts";
import { Topics } from "./topics.ts";

/**
 * A line whose messages go to those who asked for their `:type`, any number of them; what nobody asked
 * for is left unread, as kabel's peers do. A listener that throws ends the line, with the code of a
 * `SyncError` or `INTERNAL`.
 *
 * Nothing is read before the first {@link Connection.on}, and nothing within it: whoever asks in the
 * same turn, or in `onConnection` of the peer, misses nothing.
 */
export class Connection {
  readonly #line: MessageLine;
  readonly #listeners = new Map<Keyword, Set<{ readonly listener: MessageListener }>>();
  readonly #topics = new Map<TopicDialect, Topics>();
  #isReading = false;

  constructor(line: MessageLine) {
    this.#line = line;
  }

  get peer(): Peer {
    return this.#line.peer;
  }

  /** As {@link MessageLine.onPeer}. */
  onPeer(listener: () => void): () => void {
    return this.#line.onPeer(listener);
  }

  get state(): "open" | "closed" {
    return this.#line.state;
  }

  /** Takes messages of these types. Returns the function that ends it. */
  on(types: readonly Keyword[], listener: MessageListener): () => void {
    const box = { listener };
    for (const type of types) {
      const boxes = this.#listeners.get(type) ?? new Set();
      this.#listeners.set(type, boxes.add(box));
    }
    if (!this.#isReading) {
      this.#isReading = true;
      this.#line.onMessage((message, bytes) => this.#take(message, bytes));
    }
    return () => {
      for (const type of types) this.#listeners.get(type)?.delete(box);
    };
  }

  /** The topics of the other side, of which this one may subscribe to any number. */
  topics(dialect: TopicDialect): Topics {
    const topics = this.#topics.get(dialect) ?? new Topics(this, dialect);
    this.#topics.set(dialect, topics);
    return topics;
  }

  /** As {@link MessageLine.send}. */
  send(message: EdnMap): Promise<void> {
    return this.#line.send(message);
  }

  /** As {@link MessageLine.onClose}. */
  onClose(listener: (close: TransportClose) => void): () => void {
    return this.#line.onClose(listener);
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.#line.close(code, reason);
  }

  /** Ends the line at once, since what came on it cannot be gone on with. */
  fail(error: Error): void {
    this.#line.fail(error);
  }

  #take(message: EdnMap, bytes: number): void {
    // `as`: a type that is no keyword finds nobody.
    const boxes = this.#listeners.get(message.get(TYPE) as Keyword);
    for (const { listener } of Array.from(boxes ?? [])) listener(message, bytes);
  }
}

const TYPE: Keyword = keyword("type");
