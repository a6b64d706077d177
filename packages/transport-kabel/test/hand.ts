/** A server's end of a line, played message by message. */
import type { Codec, Transport, TransportClose } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import {
  itemOf,
  kabelLine,
  type MessageLine,
  payloadOf,
  type TopicDialect,
  type TopicMessage,
} from "@datahike-sync/transport-kabel";

type MessageOf<T extends TopicMessage["type"]> = Extract<TopicMessage, { readonly type: T }>;

export class Hand {
  readonly line: MessageLine;
  readonly closed: Promise<TransportClose>;
  /** What was heard and not asked for yet. */
  readonly heard: TopicMessage[] = [];
  readonly #dialect: TopicDialect;
  readonly #topic: Edn;
  #wake: () => void = () => {};
  #batch = 0;

  constructor(transport: Transport, codec: Codec, dialect: TopicDialect, topic: Edn) {
    this.line = kabelLine(transport, { codecs: [codec], hello: false });
    this.#dialect = dialect;
    this.#topic = topic;
    this.line.onMessage((message) => {
      const read = dialect.read(message);
      if (read === undefined) return;
      this.heard.push(read);
      this.#wake();
    });
    this.closed = new Promise((resolve) => this.line.onClose(resolve));
  }

  /** The next message of this type; what comes before it is passed over. */
  async hears<T extends TopicMessage["type"]>(type: T): Promise<MessageOf<T>> {
    for (;;) {
      const message = this.heard.shift();
      // `as`: what the comparison has just found.
      if (message?.type === type) return message as MessageOf<T>;
      if (message !== undefined) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async say(...messages: readonly TopicMessage[]): Promise<void> {
    for (const message of messages) {
      await this.line.send(this.#dialect.spell(message)).catch(() => undefined);
    }
  }

  item(key: Edn, value: Edn): Promise<void> {
    return this.say({ type: "item", topic: this.#topic, item: itemOf(key, value, false) });
  }

  publish(key: Edn, value: Edn): Promise<void> {
    const payload = payloadOf({ op: "set", key, value, immutable: false });
    return this.say({ type: "publish", topic: this.#topic, payload });
  }

  remove(key: Edn): Promise<void> {
    const payload = payloadOf({ op: "delete", key });
    return this.say({ type: "publish", topic: this.#topic, payload });
  }

  /** Ends a batch, and waits until it is acknowledged. */
  async endBatch(count?: number): Promise<void> {
    const batch = this.#batch++;
    await this.say({ type: "batch", topic: this.#topic, batch, count });
    await this.hears("ack");
  }

  /** Answers a subscription with all of it as one batch, and says that this was all. */
  async answer(entries: readonly (readonly [Edn, Edn])[]): Promise<void> {
    const request = await this.hears("subscribe");
    this.#batch = 0;
    if (this.#dialect.acknowledgesFirst) await this.#acknowledge(request.id);
    for (const [key, value] of entries) await this.item(key, value);
    if (entries.length > 0) await this.endBatch(entries.length);
    await this.complete();
    if (!this.#dialect.acknowledgesFirst) await this.#acknowledge(request.id);
  }

  complete(): Promise<void> {
    return this.say({ type: "complete", topic: this.#topic });
  }

  #acknowledge(id: MessageOf<"subscribe">["id"]): Promise<void> {
    return this.say({ type: "subscribed", id, topics: [this.#topic] });
  }
}
