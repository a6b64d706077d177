/** A place where a store follows another: processes come and go there, the disk stays. */
import {
  type Codec,
  openStore,
  type StepCursor,
  type Store,
  SyncError,
  type Transport,
} from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, identity, type Uuid } from "@datahike-sync/edn";
import {
  type Following,
  type FollowLimits,
  follow,
  KabelPeer,
  type Link,
  type StoreChange,
  type TopicDialect,
  TopicServer,
} from "@datahike-sync/transport-kabel";
import { forestWalker } from "../forest-walker.ts";
import { changesText } from "./changes-text.ts";
import type { OpenDiskOptions } from "./disk.ts";
import { dialer, type Host, SimEnd, type SimLine } from "./line.ts";
import type { Mirror } from "./mirror.ts";
import type { Place } from "./place.ts";
import { Life } from "./timeline.ts";
import type { World } from "./world.ts";

export interface FollowerSiteOptions {
  readonly host: Host;
  readonly places: readonly Place[];
  readonly dialect: TopicDialect;
  readonly codecs: readonly Codec[];
  readonly hello: boolean;
  readonly isWalked: boolean;
  readonly limits: Partial<FollowLimits>;
  readonly isRelay: boolean;
  readonly delayMs: () => number;
}

/** One process there, with a store for each topic, all over one link. */
export class FollowerSite implements Host {
  readonly options: FollowerSiteOptions;
  readonly copies: readonly Copy[];
  life: Life;
  isUp = false;
  readonly #world: World;
  readonly #lines = new Set<SimLine>();
  #peer: KabelPeer | undefined;
  #topics: TopicServer | undefined;

  constructor(world: World, options: FollowerSiteOptions) {
    this.options = options;
    this.#world = world;
    this.life = new Life(world.name("site"));
    this.copies = options.places.map((place) => new Copy(world, this, place));
    for (const { processes } of options.places) processes.add(this);
  }

  /** Begins a process. Time stands still meanwhile. */
  async start(): Promise<void> {
    const { host, codecs, hello, isRelay } = this.options;
    const world = this.#world;
    this.life = new Life(world.name("process"));
    const { life } = this;
    const clock = world.clock(life);
    const random = () => world.random.next();
    const peer = new KabelPeer({
      codecs,
      hello,
      clock,
      random,
      onWake: () => () => undefined,
      backoffMs: { min: 50, max: 2000 },
    });
    this.#peer = peer;
    this.#topics = isRelay ? new TopicServer({ codec: ednCodec(), clock, random }) : undefined;
    this.#topics?.serve(peer);
    const link = peer.link(dialer(world, life, host, undefined));
    for (const copy of this.copies) await copy.open(life, link, this.#topics);
    this.isUp = true;
  }

  accept(transport: Transport): void {
    if (transport instanceof SimEnd) this.#lines.add(transport.line);
    this.#peer?.accept(transport);
  }

  /** Ends the process at once. */
  kill(isPowerLost: boolean): void {
    const world = this.#world;
    if (this.life.isOver) return;
    this.life.isOver = true;
    this.isUp = false;
    world.say(`${this.life.name} ${isPowerLost ? "loses its power" : "is killed"}`);
    // Its peers learn of it soon, or after a long silence.
    for (const line of world.lines) {
      const afterMs = world.some(world.chance(0.2) ? 40_000 : 100);
      if (line.client.life === this.life) line.client.abandon(afterMs);
      if (line.server.life === this.life) line.server.abandon(afterMs);
    }
    this.#lines.clear();
    for (const copy of this.copies) copy.onKilled(isPowerLost);
    // Whoever else works on the same disk has no power, either.
    const others = isPowerLost
      ? this.options.places.flatMap(({ processes }) => [...processes])
      : [];
    for (const site of others) site.kill(true);
  }

  /** Ends it in order, after which nothing of it may be left. */
  async close(): Promise<void> {
    for (const { following } of this.copies) await following?.close();
    await this.#topics?.close();
    await this.#peer?.close();
    for (const { store } of this.copies) await store?.close();
  }
}

/** Codes that no server of this world gives reason for. */
const WRONG = [
  "INTERNAL",
  "PROTOCOL_VIOLATION",
  "IMMUTABLE_CHANGED",
  "KEY_IS_REPLICATED",
  "ENTRY_UNREADABLE",
  "CODEC_INVALID",
  "CODEC_UNSUPPORTED",
  "UNKNOWN_CODEC",
  "UNKNOWN_MESSAGE",
  "FRAME_TOO_LARGE",
  "LIMIT_EXCEEDED",
];

/** A store that follows. */
export class Copy {
  readonly topic: Uuid;
  readonly site: FollowerSite;
  readonly place: Place;
  store: Store | undefined;
  following: Following | undefined;
  /** How many commits of its disk are made before somebody is killed there. */
  ambush: { left: number; isPowerLost: boolean; isMade: boolean } | undefined;
  readonly #world: World;
  #cursor: StepCursor | undefined;

  constructor(world: World, site: FollowerSite, place: Place) {
    this.topic = place.topic;
    this.site = site;
    this.place = place;
    this.#world = world;
  }

  get mirror(): Mirror {
    return this.place.mirror;
  }

  async open(life: Life, link: Link, topics: TopicServer | undefined): Promise<void> {
    const { isRelay, isWalked } = this.site.options;
    const { disk, mirror, check, own, isShared } = this.place;
    const isTold = isRelay || isShared;
    const world = this.#world;
    let isOpening = true;
    const delayMs: OpenDiskOptions["delayMs"] = (call, isDone) =>
      // Who reads the same disk, or follows a relay, must not see what its mirror lacks.
      isOpening || (isTold && call === "commit" && isDone) ? 0 : this.site.options.delayMs();
    const onCommit = (isMade: boolean) => this.#spring(isMade);
    const driver = disk.open({ world, life, delayMs, onCommit });
    const store = await openStore(driver, { codec: ednCodec(), now: () => world.timeOfDay });
    await mirror.load(store);
    world.say(`${life.name} opens with ${mirror.text}`);
    own.clear();
    for (const id of mirror.own.keys()) own.add(id);
    this.#wrong(check.onOpen(this.place.takePowerLoss()));
    this.#wrong(check.onOpenCursor((await store.standing(this.topic))?.cursor));
    this.#cursor = undefined;
    isOpening = false;
    mirror.follow(store, (commit) => {
      world.say(`${life.name} commits ${changesText(commit.operations)}`);
      if (commit.origin !== undefined) return this.#wrong(check.onCommit(commit.operations, own));
      for (const { key } of commit.operations) own.add(identity(key));
    });
    this.store = store;
    topics?.registerStore(store, this.topic, { walker: isWalked ? forestWalker() : undefined });
    this.#follow(life, link);
  }

  onKilled(isPowerLost: boolean): void {
    if (isPowerLost) this.place.losePower();
    this.ambush = undefined;
    this.following = undefined;
    this.store = undefined;
  }

  /** The application asks the server to write. */
  publish(change: StoreChange): boolean {
    const { following } = this;
    if (!this.site.options.dialect.canPublish || following === undefined) return false;
    following.publish(change).catch((error: unknown) => {
      const isExpected = error instanceof SyncError && error.code === "TRANSPORT_CLOSED";
      if (!isExpected) this.#wrong(`cannot publish: ${String(error)}`);
    });
    return true;
  }

  /** The application writes a key of its own, or one that the server may write as well. */
  write(key: Edn, value: Edn): void {
    const { life } = this.site;
    this.store?.set(key, value).catch((error: unknown) => {
      const isExpected = error instanceof SyncError && error.code === "KEY_IS_REPLICATED";
      if (!isExpected && !life.isOver) this.#wrong(`cannot write: ${String(error)}`);
    });
  }

  #follow(life: Life, link: Link): void {
    if (life.isOver || this.store === undefined) return;
    const { dialect, isWalked, limits } = this.site.options;
    const world = this.#world;
    const following = follow(link, this.topic, this.store, {
      dialect,
      walker: isWalked ? forestWalker() : undefined,
      limits,
      clock: world.clock(life),
      onError: (error) => {
        world.say(`${life.name} error ${error.code}`);
        world.meet(`error ${error.code}`);
        if (world.isCalm && error.code === "NODE_MISSING")
          this.#wrong("nodes that came were missed");
        if (WRONG.includes(error.code)) this.#wrong(`error ${error.code} ${causeOf(error)}`);
      },
      onStatus: ({ phase }) => {
        world.say(`${life.name} is ${phase}`);
        // The application tries again what was refused.
        if (phase === "failed") world.clock(life).after(1000, () => this.#follow(life, link));
      },
      onStep: ({ cursor }) => {
        world.say(`${life.name} step ${cursor.seq}`);
        this.#told(cursor);
      },
    });
    this.following = following;
    following.synced().then(
      (cursor) => this.#told(cursor),
      () => undefined,
    );
  }

  #told(cursor: StepCursor): void {
    const before = this.#cursor;
    if (before !== undefined && (cursor.era !== before.era || cursor.seq < before.seq)) {
      this.#wrong(`the cursor went back from ${before.seq} to ${cursor.seq}`);
    }
    this.#cursor = cursor;
    this.place.check.onTold(cursor);
  }

  #spring(isMade: boolean): void {
    const { ambush } = this;
    if (ambush === undefined || ambush.isMade !== isMade || --ambush.left > 0) return;
    this.ambush = undefined;
    this.#world.meet(`killed ${isMade ? "behind" : "before"} a commit`);
    this.site.kill(ambush.isPowerLost);
  }

  #wrong(what: string | undefined): void {
    if (what !== undefined) this.#world.violate(`${this.site.life.name}: ${what}`);
  }
}

function causeOf(error: SyncError): string {
  return error.cause instanceof Error ? `${error.cause.stack}` : `${error.stack}`;
}
