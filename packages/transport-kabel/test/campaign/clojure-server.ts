/**
 * A server that does what an unmodified Clojure server does, at its worst: it walks, and reads values
 * later; publishes at once, between the items of a handshake; says nothing of deletes to who is away.
 */
import { type Codec, isSyncError, type Transport } from "@datahike-sync/core";
import { type Edn, EdnMap, identity, isKind, keyword, type Uuid } from "@datahike-sync/edn";
import {
  itemOf,
  kabelLine,
  type MessageLine,
  payloadOf,
  readChanges,
  type StoreChange,
  type TopicDialect,
  type TopicMessage,
  type TopicState,
} from "@datahike-sync/transport-kabel";
import { BRANCHES } from "../forest-walker.ts";
import { Author, namesOf } from "./author.ts";
import { changesText } from "./changes-text.ts";
import { type Host, SimEnd, type SimLine } from "./line.ts";
import { Life } from "./timeline.ts";
import { Truth } from "./truth.ts";
import type { World } from "./world.ts";

/** Items in a batch, and how long one may stay without an answer. */
const BATCH = 3;
const BATCH_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/** How the next handshakes go wrong. */
export type Mishap = "ends early" | "hears nothing";

export class ClojureServer implements Host {
  readonly topics: ReadonlyMap<string, ClojureTopic>;
  readonly dialect: TopicDialect;
  life: Life;
  isUp = true;
  /** For handshakes to come. */
  readonly mishaps: Mishap[] = [];
  readonly world: World;
  readonly #codecs: readonly Codec[];
  readonly #lines = new Set<Line>();
  #last: Line | undefined;

  constructor(
    world: World,
    dialect: TopicDialect,
    codecs: readonly Codec[],
    topics: readonly Uuid[],
  ) {
    this.world = world;
    this.dialect = dialect;
    this.#codecs = codecs;
    this.life = new Life(world.name("server"));
    this.topics = new Map(
      topics.map((topic, i) => [identity(topic), new ClojureTopic(this, topic, i)]),
    );
  }

  accept(transport: Transport): void {
    const line: Line = {
      life: this.life,
      out: kabelLine(transport, { codecs: this.#codecs, hello: false }),
      sim: transport instanceof SimEnd ? transport.line : undefined,
      waiters: new Map(),
      heard: new Map(),
      underWay: new Set(),
    };
    this.#lines.add(line);
    this.#last = line;
    line.out.onMessage((map) => {
      const message = this.dialect.read(map);
      if (message !== undefined) this.#take(line, message);
    });
    line.out.onClose(() => this.#lines.delete(line));
  }

  /** Dies, and is there again after a while. What was committed stays. */
  restart(awayMs: number): void {
    this.life.isOver = true;
    this.isUp = false;
    for (const { sim } of this.#lines) sim?.server.abandon(this.world.some(1000));
    this.#lines.clear();
    this.#last = undefined;
    for (const topic of this.topics.values()) topic.subscribers.clear();
    this.life = new Life(this.world.name("server"));
    this.world.clock(this.life).after(awayMs, () => {
      this.isUp = true;
    });
  }

  /** Publishes. Without subscribers what is published goes to whoever came last. */
  publish(topic: ClojureTopic, payload: Edn): void {
    const message: TopicMessage = { type: "publish", topic: topic.topic, payload };
    for (const line of topic.subscribers) this.say(line, message);
    if (topic.subscribers.size > 0 || !this.#isNew || this.#last === undefined) return;
    if (this.#lines.has(this.#last)) {
      this.world.meet("a publication leaks");
      this.say(this.#last, message);
    }
  }

  say(line: Line, message: TopicMessage): void {
    line.out.send(this.dialect.spell(message)).catch((error: unknown) => {
      if (!isSyncError(error, "TRANSPORT_CLOSED")) this.world.violate(`server: ${String(error)}`);
    });
  }

  get #isNew(): boolean {
    return !this.dialect.acknowledgesFirst;
  }

  #take(line: Line, message: TopicMessage): void {
    if (message.type === "ack") {
      const id = `${identity(message.topic)} ${message.batch}`;
      line.heard.set(identity(message.topic), message.batch);
      line.waiters.get(id)?.();
    } else if (message.type === "subscribe") {
      void this.#subscribe(line, message.id, message.topics);
    } else if (message.type === "publish") {
      const topic = this.topics.get(identity(message.topic));
      for (const change of readChanges(message.payload)) topic?.commit([change]);
      // What a write tells to all, the others are told once more.
      for (const other of topic?.subscribers ?? []) if (other !== line) this.say(other, message);
    } else if (message.type === "unsubscribe") {
      for (const topic of message.topics) {
        this.topics.get(identity(topic))?.subscribers.delete(line);
      }
    }
  }

  async #subscribe(line: Line, id: Uuid, states: readonly TopicState[]): Promise<void> {
    const subscribed: Edn[] = [];
    for (const { topic, state } of states) {
      await this.world.sleep(line.life, this.world.some(this.world.chance(0.2) ? 2000 : 10));
      const store = this.topics.get(identity(topic));
      if (store === undefined || !store.isAllowed) {
        this.world.meet("a subscription is refused");
        const error = this.#isNew ? "Not authorized" : "Store not found";
        this.say(line, { type: "error", topic, id, error });
        if (!this.#isNew) return;
        continue;
      }
      if (!this.#isNew) this.say(line, { type: "subscribed", id, topics: [topic] });
      const isDone = await this.#handshake(line, store, state);
      if (isDone) subscribed.push(topic);
      else if (this.#isNew) store.subscribers.delete(line);
      else return;
    }
    if (this.#isNew) this.say(line, { type: "subscribed", id, topics: subscribed });
  }

  /** Resolves to whether it came to its end. */
  async #handshake(line: Line, store: ClojureTopic, state: Edn): Promise<boolean> {
    const { world } = this;
    const { topic } = store;
    const topicId = identity(topic);
    if (line.underWay.has(topicId)) world.violate("two handshakes of one topic at once");
    line.underWay.add(topicId);
    const mishap = this.mishaps.shift();
    const keys = store.walk().filter((key) => !(isKind(state, "map") && state.has(key)));
    if (this.#lines.has(line)) store.subscribers.add(line);
    // Some read everything before they send the first, some each as it is sent.
    const ahead = world.chance(0.5) ? await store.readAll(keys, line.life) : undefined;
    const batches = Math.ceil(keys.length / BATCH);
    const end = mishap === undefined ? batches : world.random.below(batches + 1);
    for (let batch = 0; batch < batches; batch++) {
      if (mishap === "ends early" && batch === end && this.#isNew) {
        world.meet("a handshake ends early");
        if (line.sim !== undefined) line.sim.isTruncated = true;
        break;
      }
      const count = await this.#batch(line, store, keys.slice(batch * BATCH, (batch + 1) * BATCH), {
        batch,
        ahead,
      });
      const isHeard = !(mishap === "hears nothing" && batch === end);
      if (await this.#isTaken(line, topicId, batch, isHeard && count >= 0)) continue;
      world.meet("a handshake is given up");
      line.underWay.delete(topicId);
      return false;
    }
    this.say(line, { type: "complete", topic });
    line.underWay.delete(topicId);
    return true;
  }

  async #batch(
    line: Line,
    store: ClojureTopic,
    keys: readonly Edn[],
    { batch, ahead }: { readonly batch: number; readonly ahead: Ahead | undefined },
  ): Promise<number> {
    const { topic } = store;
    let count = 0;
    for (const key of keys) {
      if (this.world.chance(0.3)) await this.world.sleep(line.life, this.world.some(30));
      // Read now, long after the walk. What is gone by now is left out.
      const value = ahead === undefined ? store.truth.get(key) : ahead.get(identity(key));
      if (value === undefined) continue;
      const item = itemOf(key, value, this.#isNew && isKind(key, "uuid"));
      this.say(line, { type: "item", topic, item });
      count++;
    }
    this.say(line, { type: "batch", topic, batch, count: this.#isNew ? count : undefined });
    return count;
  }

  /** Waits for an acknowledgement, in the way of its generation. */
  async #isTaken(line: Line, topic: string, batch: number, isHeard: boolean): Promise<boolean> {
    const { world } = this;
    if (!this.#isNew) {
      // An answer of an earlier handshake counts, too: it is never forgotten.
      for (let waited = 0; waited < BATCH_TIMEOUT_MS; waited += POLL_MS) {
        if (isHeard && (line.heard.get(topic) ?? -1) >= batch) return true;
        await world.sleep(line.life, POLL_MS);
      }
      return false;
    }
    // It listens only after a while, and what it was told before is lost.
    if (world.chance(0.2)) await world.sleep(line.life, world.some(60));
    if (line.heard.get(topic) === batch) world.meet("an acknowledgement comes too soon");
    const id = `${topic} ${batch}`;
    return new Promise((resolve) => {
      const end = (isTaken: boolean) => {
        cancel();
        line.waiters.delete(id);
        line.heard.delete(topic);
        resolve(isTaken);
      };
      const cancel = world.clock(line.life).after(BATCH_TIMEOUT_MS, () => end(false));
      line.waiters.set(id, () => isHeard && end(true));
    });
  }
}

type Ahead = ReadonlyMap<string, Edn>;

interface Line {
  readonly life: Life;
  readonly out: MessageLine;
  readonly sim: SimLine | undefined;
  readonly waiters: Map<string, () => void>;
  /** By topic, the batch that was acknowledged last. */
  readonly heard: Map<string, number>;
  /** Topics whose handshake is going on. */
  readonly underWay: Set<string>;
}

/** One store of it. */
export class ClojureTopic {
  readonly topic: Uuid;
  readonly truth: Truth = new Truth();
  readonly author: Author;
  readonly subscribers: Set<Line> = new Set();
  isAllowed = true;
  readonly #server: ClojureServer;

  constructor(server: ClojureServer, topic: Uuid, number: number) {
    this.topic = topic;
    this.#server = server;
    this.author = new Author(server.world, this.truth, number, true);
    for (const change of this.author.first()) this.#apply(change);
  }

  /** Writes, and publishes each entry at once. Nodes may be published late, or not at all. */
  commit(
    changes: readonly StoreChange[],
    nodes: "in order" | "late" | "never" = "in order",
    isTold = false,
  ): void {
    const { world, dialect } = this.#server;
    if (!this.#server.isUp) return;
    world.say(`server ${changesText(changes)}`);
    const isNode = ({ key, op }: StoreChange) => op === "set" && isKind(key, "uuid");
    const late = nodes === "in order" ? [] : changes.filter(isNode);
    const isSaid = (change: StoreChange) => change.op === "set" || !isKind(change.key, "uuid");
    // What is swept away may be left unsaid.
    const isSwept = !isTold && changes.every((change) => !isSaid(change)) && world.chance(0.3);
    for (const change of changes) this.#apply(change);
    if (isSwept) return;
    const now = changes.filter((change) => !late.includes(change));
    if (dialect.acknowledgesFirst && late.length === 0 && world.chance(0.3)) {
      if (changes.every(({ op }) => op === "set")) return this.#publishPairs(changes);
    }
    for (const change of now) this.#publish(change);
    if (late.length === 0) return;
    world.meet(`nodes come ${nodes}`);
    if (nodes === "never") return;
    const { life } = this.#server;
    for (const change of late) {
      world
        .clock(life)
        .after(world.some(world.isCalm ? 3000 : 60_000), () => this.#publish(change));
    }
  }

  /** Keys in the order of a walk, as it is now: nodes, branches, heads, and whatever else there is. */
  walk(): Edn[] {
    const keys = Array.from(this.truth.entries.values(), ([key]) => key);
    const names = namesOf(this.truth.get(BRANCHES));
    const rank = (key: Edn) => (isKind(key, "uuid") ? 0 : key === BRANCHES ? 1 : 2);
    const isNamed = (key: Edn) =>
      !isKind(key, "keyword") || key === BRANCHES || names.includes(key);
    return keys.filter(isNamed).sort((a, b) => rank(a) - rank(b));
  }

  /** Reads one after the other, each when its turn comes. */
  async readAll(keys: readonly Edn[], life: Life): Promise<Ahead> {
    const values = new Map<string, Edn>();
    for (const key of keys) {
      if (this.#server.world.chance(0.2)) {
        await this.#server.world.sleep(life, this.#server.world.some(50));
      }
      const value = this.truth.get(key);
      if (value !== undefined) values.set(identity(key), value);
    }
    return values;
  }

  #apply(change: StoreChange): void {
    this.truth.put(change.key, change.op === "set" ? change.value : undefined);
  }

  #publish(change: StoreChange): void {
    this.#server.publish(this, payloadOf(change));
  }

  #publishPairs(changes: readonly StoreChange[]): void {
    this.#server.world.meet("several keys are written as one");
    const pairs = changes.flatMap((change) =>
      change.op === "set" ? [[change.key, change.value]] : [],
    );
    this.#server.publish(this, new EdnMap([[keyword("kvs"), pairs]]));
  }
}
