/** A store that follows another, across lines: one session after the other. */
import { type Edn, equals, isSyncError, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Backoff } from "../backoff.ts";
import { backoffOf, type Environment, type Upstream } from "../environment.ts";
import type { StepCursor } from "../feed.ts";
import { Listeners } from "../listeners.ts";
import type { Subscribed } from "../protocol.ts";
import { isSameCursor } from "../same-cursor.ts";
import type { Store } from "../store.ts";
import type { SubscribeOptions, SubscriptionStats, SyncStatus, Verification } from "../sync.ts";
import { Condition } from "./condition.ts";
import type { FollowerListeners } from "./follower-listeners.ts";
import { Following } from "./following.ts";
import { Pruner } from "./pruner.ts";
import type { ReplicaLine } from "./replica-line.ts";
import { Session, type SessionEnd, type SessionOwner } from "./session.ts";
import { Verifier } from "./verifier.ts";

export interface FollowerOptions {
  readonly storeId: Uuid;
  readonly store: Store;
  readonly environment: Environment;
  /** What the primary's walker is asked for. */
  readonly select: Edn;
  /** When it has caught up. */
  readonly onLive: () => void;
  /** When it has failed or was closed, and nothing of it is being written any more. */
  readonly onEnd: () => void;
}

/** How many steps in a row may arrive damaged. */
const MAX_MISMATCHES = 2;

/** How often the longest time that a standing has to be still is doubled. */
const MAX_DOUBLINGS = 5;

/** How often a comparison begins anew because somebody has written meanwhile. */
const MAX_VERIFICATIONS = 10;

export class Follower implements SessionOwner {
  readonly store: Store;
  readonly storeId: Uuid;
  /** Tells whenever the status may be another. */
  readonly changes: Listeners<void> = new Listeners();
  readonly #following: Following;
  readonly #options: FollowerOptions;
  readonly #pruner: Pruner;
  readonly #backoff: Backoff;
  /** That the line is another, that there is something to do, or that all is over. */
  readonly #changed = new Condition();
  readonly #done: Promise<void>;
  #line: ReplicaLine | undefined;
  #session: Session | undefined;
  #phase: SyncStatus["phase"] = "connecting";
  #error: SyncError | undefined;
  #mismatches = 0;
  /** How often another opener was in the way since this was live. */
  #moves = 0;
  #isFromScratch = false;
  #told: SyncStatus | undefined;

  constructor(options: FollowerOptions) {
    const { storeId, store, environment } = options;
    this.storeId = storeId;
    this.store = store;
    this.#options = options;
    this.#following = new Following(storeId, store, environment);
    this.#pruner = new Pruner(this.#following);
    this.#backoff = backoffOf(environment);
    this.#done = this.#run();
  }

  get upstream(): Upstream {
    return this.#following.keeper;
  }

  get listeners(): FollowerListeners {
    return this.#following.listeners;
  }

  get stats(): SubscriptionStats {
    return this.#following.counts.now;
  }

  get status(): SyncStatus {
    const { keeper, lag, skipped } = this.#following;
    return {
      phase: this.#phase,
      consistent: keeper.isConsistent,
      cursor: keeper.standing.cursor,
      lag,
      skipped,
      error: this.#error,
    };
  }

  /**
   * Takes the options of one more subscription.
   *
   * @throws {TypeError} when they contradict those of another.
   */
  adopt({ select = null, walker, prune }: SubscribeOptions): void {
    if (!equals(select, this.#options.select)) {
      throw new TypeError("this store follows the same one with another select already");
    }
    this.#following.walker ??= walker;
    if (prune === "unreachable") this.#following.isPruning = true;
  }

  /** There is a line. */
  attach(line: ReplicaLine): void {
    if (this.isOver) return;
    this.#line = line;
    this.#become("syncing");
  }

  /** There is none any more, or none could be had. */
  detach(error: SyncError): void {
    if (this.isOver) return;
    if (this.#line !== undefined) this.#following.counts.reconnects++;
    this.#line = undefined;
    this.#become("offline", error);
    this.listeners.errors.tell(error);
  }

  /** Ends it with an error that no other line would help against. */
  fail(error: SyncError): void {
    if (this.isOver) return;
    const { environment } = this.#following;
    environment.tell({ type: "failed", storeId: this.storeId, error });
    this.#end("failed", error);
    this.listeners.errors.tell(error);
  }

  /** Resolves to the number of nodes that were deleted. @throws {SyncError} as `synced`. */
  async prune(): Promise<number> {
    this.#checkNotOver();
    const pruned = this.#pruner.request();
    this.#session?.wake();
    this.#changed.notify();
    return pruned;
  }

  /** @throws {SyncError} `RETRY_LATER` where either side moves all the time; as `synced`. */
  async verify(): Promise<Verification> {
    for (let attempt = 0; attempt < MAX_VERIFICATIONS; attempt++) {
      const line = await this.#whenLive();
      const result = await new Verifier(this.#following, line, this.#options.select).run();
      if (result !== undefined) return result;
    }
    throw new SyncError("RETRY_LATER", "the stores move while they are compared");
  }

  /** @throws {SyncError} as {@link Follower.verify}. */
  async repair(): Promise<Verification> {
    const found = await this.verify();
    // It may have failed while the comparison went on: nothing would ever come of what begins now.
    this.#checkNotOver();
    if (found.missing + found.different + found.extra === 0) return found;
    this.#isFromScratch = true;
    this.#session?.leave();
    this.#become("syncing");
    while (this.#isFromScratch) await this.#whenLive();
    return found;
  }

  /** Resolves when it has ended and its writes have settled. */
  close(): Promise<void> {
    if (!this.isOver) this.#end("closed", undefined);
    return this.#done;
  }

  onSubscribed({ plan }: Subscribed): void {
    const { environment } = this.#following;
    environment.tell({ type: "subscribed", storeId: this.storeId, plan });
    environment.tell({ type: "catching-up", storeId: this.storeId, plan });
    this.onChange();
  }

  onBatch(): void {
    const { progress } = this.listeners;
    const { applier, subscribed, isLive } = this.#session ?? {};
    if (progress.isEmpty || applier === undefined) return;
    const { received, receivedBytes } = applier;
    const total = isLive ? undefined : subscribed?.total?.entries;
    progress.tell({ received, receivedBytes, total });
  }

  onChange(): void {
    if (this.isOver) return;
    const isLive = this.#session?.isLive === true;
    if (isLive && this.#phase === "syncing") this.#goLive();
    else if (!isLive && this.#phase === "live") this.#become("syncing");
    else this.#tell();
  }

  onComplete(): void {
    const { cursor } = this.#following.keeper.standing;
    this.#isFromScratch = false;
    this.onChange();
    if (cursor !== undefined) this.listeners.complete.tell(cursor);
  }

  onIdle(isWanted: () => boolean): Promise<void> {
    return this.#pruner.run(isWanted);
  }

  /** Whether it has failed or was closed. */
  get isOver(): boolean {
    return this.#phase === "failed" || this.#phase === "closed";
  }

  async #run(): Promise<void> {
    try {
      await this.#following.begin();
      await this.#pruner.begin();
      this.#tell();
      while (!this.isOver) {
        const line = this.#line;
        if (line !== undefined) await this.#followOn(line);
        else {
          await this.#pruner.run(() => this.#line !== undefined || this.isOver);
          if (this.#line === undefined && !this.isOver) await this.#changed.wait();
        }
      }
    } catch (error) {
      this.fail(this.#known(error));
    }
    this.#pruner.end(this.#error);
    this.#options.onEnd();
  }

  async #followOn(line: ReplicaLine): Promise<void> {
    const session = new Session(this.#following, line, this, {
      select: this.#options.select,
      isFromScratch: this.#isFromScratch,
    });
    this.#session = session;
    const end = await session.run();
    this.#session = undefined;
    if (!this.isOver) await this.#goOn(end, line);
  }

  async #goOn(end: SessionEnd, line: ReplicaLine): Promise<void> {
    const isHere = () => this.#line === line && !this.isOver;
    if (isHere()) this.#become("syncing");
    switch (end.kind) {
      case "left":
        return;
      case "gone":
        while (isHere()) await this.#changed.wait();
        return;
      case "moved":
        return this.#untilStill(end.from, isHere);
      case "again":
        this.listeners.errors.tell(end.error);
        return this.#pause(this.#delayOf(end.afterMs), isHere);
      case "mismatch":
        this.#mismatches++;
        if (this.#mismatches < MAX_MISMATCHES) return this.listeners.errors.tell(end.error);
        return this.fail(end.error);
      case "failed":
        return this.fail(end.error);
    }
  }

  /** As the primary says; but one that says "at once" each time would keep both busy. */
  #delayOf(afterMs: number | undefined): number {
    const isFirst = this.#backoff.isFresh;
    const ownMs = this.#backoff.next();
    if (afterMs === undefined) return ownMs;
    return isFirst ? afterMs : Math.max(afterMs, ownMs);
  }

  /**
   * Waits until nobody moves the standing, or somebody has moved its cursor. Longer each time: over a slow
   * line another's transfer looks still for a while, and two that disturb each other come to no end.
   */
  async #untilStill(from: StepCursor | undefined, isHere: () => boolean): Promise<void> {
    const { keeper, environment } = this.#following;
    const { limits, random } = environment;
    const spread = 2 ** (Math.min(this.#moves++, MAX_DOUBLINGS) + 1) - 2;
    for (;;) {
      const { revision, cursor } = await keeper.read();
      if (!isSameCursor(cursor, from)) return;
      await this.#pause(limits.stillMs * (1 + random() * spread), isHere);
      if (!isHere() || (await keeper.read()).revision === revision) return;
    }
  }

  async #pause(delayMs: number, isHere: () => boolean): Promise<void> {
    const { clock } = this.#following.environment;
    const until = clock.now() + delayMs;
    for (let left = delayMs; left > 0 && isHere(); left = until - clock.now()) {
      await this.#changed.waitAtMost(left, clock);
    }
  }

  /** The line, as soon as this is live on it. */
  async #whenLive(): Promise<ReplicaLine> {
    for (;;) {
      this.#checkNotOver();
      if (this.#phase === "live" && this.#line !== undefined) return this.#line;
      await this.#changed.wait();
    }
  }

  #checkNotOver(): void {
    if (this.#phase === "failed" && this.#error !== undefined) throw this.#error;
    if (this.isOver) throw new SyncError("ABORTED", "the subscription was closed");
  }

  /** What nobody had expected is a fault of this software, or of a store or walker. */
  #known(error: unknown): SyncError {
    if (isSyncError(error)) return error;
    const fault = new SyncError("INTERNAL", "a store or a walker threw", { cause: error });
    this.#following.environment.report(fault);
    return fault;
  }

  #goLive(): void {
    this.#mismatches = 0;
    this.#moves = 0;
    this.#backoff.reset();
    this.#options.onLive();
    this.#become("live");
    const { environment, keeper } = this.#following;
    const { cursor } = keeper.standing;
    if (cursor !== undefined) environment.tell({ type: "live", storeId: this.storeId, cursor });
  }

  #end(phase: "failed" | "closed", error: SyncError | undefined): void {
    this.#session?.leave();
    this.#become(phase, error);
  }

  #become(phase: SyncStatus["phase"], error?: SyncError): void {
    this.#phase = phase;
    this.#error = error;
    this.#changed.notify();
    this.#tell();
  }

  #tell(): void {
    this.changes.tell();
    const { status } = this.listeners;
    if (status.isEmpty) return;
    const now = this.status;
    if (this.#told !== undefined && isSameStatus(this.#told, now)) return;
    this.#told = now;
    status.tell(now);
  }
}

function isSameStatus(a: SyncStatus, b: SyncStatus): boolean {
  return (
    a.phase === b.phase &&
    a.consistent === b.consistent &&
    a.lag === b.lag &&
    a.skipped === b.skipped &&
    a.error === b.error &&
    isSameCursor(a.cursor, b.cursor)
  );
}
