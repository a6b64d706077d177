/**
 * A server that does what an unmodified Clojure server does, at its worst: it walks, and reads values later;
 * publishes at once, between the items of a handshake; says nothing of deletes to who is away.
 */
import { type Codec, isSyncError, type Transport } from "@datahike-sync/core";
import { type Edn, EdnSet, identity, isKind, keyword, type Uuid, uuid } from "@datahike-sync/edn";
import type { Random } from "@datahike-sync/testing";
import {
  itemOf,
  kabelLine,
  type MessageLine,
  payloadOf,
  type StoreChange,
  type TopicDialect,
  type TopicMessage,
  type TopicState,
} from "@datahike-sync/transport-kabel";
import { BRANCHES } from "./forest-walker.ts";

/** Items in a batch. */
const BATCH = 3;

export class ClojureModel {
  /** By identity: every entry that the server has. */
  readonly entries = new Map<string, readonly [Edn, Edn]>();
  readonly #codec: Codec;
  readonly #dialect: TopicDialect;
  readonly #topic: Uuid;
  readonly #random: Random;
  readonly #subscribers = new Set<MessageLine>();
  #nodes = 0;
  #version = 0;

  constructor(codec: Codec, dialect: TopicDialect, topic: Uuid, random: Random) {
    this.#codec = codec;
    this.#dialect = dialect;
    this.#topic = topic;
    this.#random = random;
    this.#set(BRANCHES, new EdnSet([keyword("db")]));
    this.#transact(keyword("db"));
  }

  accept(transport: Transport): void {
    const line = kabelLine(transport, { codecs: [this.#codec], hello: false });
    const acks = new Acknowledged();
    line.onMessage((map) => {
      const message = this.#dialect.read(map);
      if (message?.type === "ack") acks.hear(message.batch);
      if (message?.type === "subscribe") void this.#serve(line, acks, message.id, message.topics);
      if (message?.type === "unsubscribe") this.#subscribers.delete(line);
    });
    line.onClose(() => {
      this.#subscribers.delete(line);
      acks.hear(Number.POSITIVE_INFINITY);
    });
  }

  /** Some transaction, published node by node. */
  commit(): void {
    const random = this.#random;
    switch (random.below(5)) {
      case 0:
        return this.#branch();
      case 1:
        return this.#change({
          op: "set",
          key: `cell ${random.below(3)}`,
          value: ++this.#version,
          immutable: false,
        });
      default:
        return this.#transact(
          [...this.#branches()].at(random.below(this.#branches().size)) ?? null,
        );
    }
  }

  /** What a replica has to show in the end: pointers, and cells that are still there. */
  shown(): Map<string, string> {
    const shown = [...this.entries].filter(([, [key]]) => !isKind(key, "uuid"));
    return new Map(shown.map(([id, [, value]]) => [id, identity(value)]));
  }

  #transact(branch: Edn): void {
    const [, head = []] = this.entries.get(identity(branch)) ?? [];
    const roots = isVector(head) ? head.slice(2) : [];
    const [leaf, root] = [this.#node(), this.#node()];
    const kept = roots.filter(() => this.#random.below(3) > 0).slice(-4);
    const changes: StoreChange[] = [
      { op: "set", key: leaf, value: "leaf", immutable: this.#marks },
      { op: "set", key: root, value: [leaf], immutable: this.#marks },
      { op: "set", key: branch, value: ["head", ++this.#version, ...kept, root], immutable: false },
    ];
    // Servers of 2025 may publish a head before its nodes.
    if (!this.#marks && this.#random.below(4) === 0) changes.reverse();
    for (const change of changes) this.#change(change);
  }

  /** A branch more, or one less. */
  #branch(): void {
    const names = this.#branches();
    const name = keyword(`branch-${this.#random.below(3)}`);
    if (names.has(name)) {
      this.#setBranches([...names].filter((one) => one !== name));
      this.#change({ op: "delete", key: name });
    } else {
      const [, head = null] = this.entries.get(identity(keyword("db"))) ?? [];
      this.#change({ op: "set", key: name, value: head, immutable: false });
      this.#setBranches([...names, name]);
    }
  }

  get #marks(): boolean {
    return this.#dialect.name === "pubsub";
  }

  #branches(): EdnSet {
    const [, names] = this.entries.get(identity(BRANCHES)) ?? [];
    return isKind(names, "set") ? names : new EdnSet();
  }

  #setBranches(names: readonly Edn[]): void {
    this.#change({ op: "set", key: BRANCHES, value: new EdnSet(names), immutable: false });
  }

  #node(): Uuid {
    return uuid(`b0000000-0000-0000-0000-${String(++this.#nodes).padStart(12, "0")}`);
  }

  #set(key: Edn, value: Edn): void {
    this.entries.set(identity(key), [key, value]);
  }

  #change(change: StoreChange): void {
    if (change.op === "delete") this.entries.delete(identity(change.key));
    else this.#set(change.key, change.value);
    const message: TopicMessage = {
      type: "publish",
      topic: this.#topic,
      payload: payloadOf(change),
    };
    for (const line of this.#subscribers) this.#say(line, message);
  }

  /** Keys in the order of a walk, as it is now: nodes, branches, heads, and whatever else there is. */
  #walk(): Edn[] {
    const keys = Array.from(this.entries.values(), ([key]) => key);
    const names = this.#branches();
    const rank = (key: Edn) => (isKind(key, "uuid") ? 0 : key === BRANCHES ? 1 : 2);
    const isNamed = (key: Edn) => !isKind(key, "keyword") || key === BRANCHES || names.has(key);
    return keys.filter(isNamed).sort((a, b) => rank(a) - rank(b));
  }

  async #serve(
    line: MessageLine,
    acks: Acknowledged,
    id: Uuid,
    topics: readonly TopicState[],
  ): Promise<void> {
    const topic = this.#topic;
    const state = topics[0]?.state ?? null;
    const first = this.#dialect.acknowledgesFirst;
    await this.#pause();
    if (first) this.#say(line, { type: "subscribed", id, topics: [topic] });
    const keys = this.#walk().filter((key) => !(isKind(state, "map") && state.has(key)));
    this.#subscribers.add(line);
    acks.forget();
    for (let batch = 0; batch * BATCH < keys.length; batch++) {
      const part = keys.slice(batch * BATCH, (batch + 1) * BATCH);
      let count = 0;
      for (const key of part) {
        await this.#pause();
        // Read now, long after the walk. What is gone by now is left out.
        const entry = this.entries.get(identity(key));
        if (entry === undefined) continue;
        const immutable = this.#marks && isKind(key, "uuid");
        this.#say(line, { type: "item", topic, item: itemOf(key, entry[1], immutable) });
        count++;
      }
      this.#say(line, { type: "batch", topic, batch, count: this.#marks ? count : undefined });
      // It listens only after a while, and what it was told before is lost.
      if (this.#dialect.losesFastAcks && this.#random.below(20) === 0) {
        await new Promise((resolve) => setTimeout(resolve, 8));
        acks.forget();
      }
      await acks.until(batch);
    }
    this.#say(line, { type: "complete", topic });
    if (!first) this.#say(line, { type: "subscribed", id, topics: [topic] });
  }

  #say(line: MessageLine, message: TopicMessage): void {
    line.send(this.#dialect.spell(message)).catch((error: unknown) => {
      if (!isSyncError(error, "TRANSPORT_CLOSED")) throw error;
    });
  }

  /** Lets others go first, by chance. */
  async #pause(): Promise<void> {
    for (let turns = this.#random.below(3); turns > 0; turns--) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

/** The last batch that was acknowledged. */
class Acknowledged {
  #last = -1;
  #wake: () => void = () => {};

  hear(batch: number): void {
    this.#last = Math.max(this.#last, batch);
    this.#wake();
  }

  forget(): void {
    if (this.#last !== Number.POSITIVE_INFINITY) this.#last = -1;
  }

  async until(batch: number): Promise<void> {
    while (this.#last < batch) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function isVector(value: Edn): value is readonly Edn[] {
  return Array.isArray(value);
}
