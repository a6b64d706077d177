/** A client of either generation as Clojure's is: it applies what comes, and knows no gate. */
import { type Edn, EdnMap, identity, keyword, randomUuid, type Uuid } from "@datahike-sync/edn";
import {
  PUBSUB_DIALECT,
  readChanges,
  readItem,
  type StoreChange,
  type TopicDialect,
} from "@datahike-sync/transport-kabel";
import type { Client } from "./ends.ts";

export class ReferenceClient {
  /** What it holds, by the identity of keys. */
  readonly held = new Map<string, { readonly key: Edn; readonly value: Edn }>();
  /** What it did, in order. */
  readonly applied: StoreChange[] = [];
  readonly #client: Client;
  readonly #topic: Uuid;
  readonly #dialect: TopicDialect;
  #items: Edn[] = [];
  isComplete = false;
  isSubscribed = false;
  refusal: Edn | undefined;

  constructor(client: Client, topic: Uuid, dialect: TopicDialect = PUBSUB_DIALECT) {
    this.#client = client;
    this.#topic = topic;
    this.#dialect = dialect;
  }

  async subscribe(): Promise<void> {
    const entries = Array.from(this.held.values(), ({ key }) => [key, new Date(0)] as const);
    const topics = [{ topic: this.#topic, state: new EdnMap(entries) }];
    const message = { type: "subscribe", id: randomUuid(), topics } as const;
    await this.#client.line.send(this.#dialect.spell(message));
  }

  /** Takes one message; `false` where the line ended. */
  async step(): Promise<boolean> {
    const map = await this.#client.hear();
    if (map === undefined) return false;
    const message = this.#dialect.read(map);
    switch (message?.type) {
      case "item":
        this.#items.push(message.item);
        break;
      case "batch": {
        for (const item of this.#items) this.#apply(readItem(item));
        this.#items = [];
        const { topic, batch } = message;
        await this.#client.line.send(this.#dialect.spell({ type: "ack", topic, batch }));
        break;
      }
      case "publish":
        for (const change of readChanges(message.payload)) this.#apply(change);
        break;
      case "complete":
        this.isComplete = true;
        break;
      case "subscribed":
        this.isSubscribed = message.topics.length > 0;
        break;
      case "error":
        this.refusal = message.error;
        break;
      default:
        // Nothing that a server says.
        break;
    }
    return true;
  }

  /** Takes messages until it holds this, which is how a test waits for what a server sends by itself. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) if (!(await this.step())) throw new Error("the line ended");
  }

  value(key: Edn): Edn | undefined {
    return this.held.get(identity(key))?.value;
  }

  /** 2026's clients skip a node that is there; 2025's are told of none. */
  #apply(change: StoreChange): void {
    const id = identity(change.key);
    this.applied.push(change);
    if (change.op === "delete") this.held.delete(id);
    else if (!change.immutable || !this.held.has(id)) {
      this.held.set(id, { key: change.key, value: change.value });
    }
  }
}

/** A key that a test writes last, and waits for. */
export const END: Edn = keyword("the-end");
