/** Our own server of topics, over stores of the engine. */
import {
  type Codec,
  openStore,
  type Registration,
  type Store,
  type Transport,
} from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import type { Uuid } from "@datahike-sync/edn";
import { KabelPeer, type StoreChange, TopicServer } from "@datahike-sync/transport-kabel";
import { forestWalker } from "../forest-walker.ts";
import { Author } from "./author.ts";
import { changesText } from "./changes-text.ts";
import { Disk, type OpenDiskOptions } from "./disk.ts";
import { type Host, SimEnd, type SimLine } from "./line.ts";
import { Mirror } from "./mirror.ts";
import { Life } from "./timeline.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

export interface OwnServerOptions {
  readonly codecs: readonly Codec[];
  readonly hello: boolean;
  /** Of values between the store and the lines. */
  readonly inner: Codec;
  readonly isWalked: boolean;
  /** The most items that go without an answer. */
  readonly batchOperations: number;
  /** Whether nodes are written as immutable. */
  readonly marks: boolean;
  readonly delayMs: () => number;
}

export class OwnServer implements Host {
  readonly topic: Uuid;
  readonly truth: Mirror = new Mirror();
  readonly author: Author;
  life: Life;
  isUp = false;
  isAllowed = true;
  readonly #world: World;
  readonly #options: OwnServerOptions;
  readonly #disk = new Disk("commit");
  readonly #lines = new Set<SimLine>();
  #isWriting = false;
  #store: Store | undefined;
  #peer: KabelPeer | undefined;
  #topics: TopicServer | undefined;
  #registration: Registration | undefined;

  constructor(world: World, topic: Uuid, options: OwnServerOptions) {
    this.topic = topic;
    this.#world = world;
    this.#options = options;
    this.life = new Life(world.name("server"));
    this.author = new Author(world, this.truth, 0, options.marks);
  }

  /** What those see who follow. */
  get shown(): Truth {
    return this.#options.isWalked ? this.truth.walked : this.truth;
  }

  async open(): Promise<void> {
    const { life } = this;
    const { codecs, hello, inner, isWalked, batchOperations } = this.#options;
    const world = this.#world;
    let isOpening = true;
    // A commit that was made is told at once: nobody reads before that what the truth lacks.
    const delayMs: OpenDiskOptions["delayMs"] = (call, isDone) =>
      isOpening || (call === "commit" && isDone) ? 0 : this.#options.delayMs();
    const driver = this.#disk.open({ world, life, delayMs });
    const store = await openStore(driver, { codec: ednCodec(), now: () => world.timeOfDay });
    await this.truth.load(store);
    this.truth.follow(store, ({ operations }) => world.say(`server ${changesText(operations)}`));
    isOpening = false;
    const clock = world.clock(life);
    const random = () => world.random.next();
    this.#store = store;
    this.#peer = new KabelPeer({ codecs, hello, clock, random });
    this.#topics = new TopicServer({ codec: inner, clock, random, limits: { batchOperations } });
    this.#topics.serve(this.#peer);
    this.#registration = this.#topics.registerStore(store, this.topic, {
      walker: isWalked ? forestWalker() : undefined,
      authorize: () => this.isAllowed,
      authorizePublish: () => true,
    });
    this.isUp = true;
  }

  accept(transport: Transport): void {
    if (transport instanceof SimEnd) this.#lines.add(transport.line);
    this.#peer?.accept(transport);
  }

  /** Asks again who may follow. */
  refresh(): void {
    this.#registration?.refresh();
  }

  /** Writes as one commit or as several, unless it still writes what was before. */
  commit(changes: readonly StoreChange[]): void {
    if (!this.isUp || this.#isWriting || changes.length === 0) return;
    this.#isWriting = true;
    const groups = this.#world.chance(0.3) ? changes.map((change) => [change]) : [changes];
    this.#write(groups).catch((error: unknown) => {
      this.#world.violate(`the server cannot write: ${String(error)}`);
    });
  }

  async #write(groups: readonly (readonly StoreChange[])[]): Promise<void> {
    for (const group of groups) {
      await this.#store?.write(
        group.map((change) =>
          change.op === "delete"
            ? { op: "delete", key: change.key }
            : { op: "set", key: change.key, value: change.value, immutable: change.immutable },
        ),
      );
    }
    this.#isWriting = false;
  }

  restart(awayMs: number): void {
    this.life.isOver = true;
    this.isUp = false;
    this.#isWriting = false;
    for (const line of this.#lines) line.server.abandon(this.#world.some(1000));
    this.#lines.clear();
    this.life = new Life(this.#world.name("server"));
    this.#world.clock(this.life).after(awayMs, () => {
      this.open().catch((error: unknown) => this.#world.violate(`cannot open: ${String(error)}`));
    });
  }

  /** Ends it in order. */
  async close(): Promise<void> {
    await this.#topics?.close();
    await this.#peer?.close();
    await this.#store?.close();
  }
}
