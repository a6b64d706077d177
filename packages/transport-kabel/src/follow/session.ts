/** A store's subscription on one line, from the handshake on, until the line ends. */
import { isSyncError, SyncError } from "@datahike-sync/core";
import { Backoff } from "@datahike-sync/core/store-parts";
import { type Edn, EdnMap } from "@datahike-sync/edn";
import { readChanges, readItem, type StoreChange } from "../store-changes.ts";
import type { TopicSubscription } from "../topics.ts";
import { Acks } from "./acks.ts";
import { Handshake } from "./handshake.ts";
import { Inbox } from "./inbox.ts";
import type { FollowLimits } from "./limits.ts";
import { readHoldings } from "./report.ts";
import type { SessionOptions } from "./session-contract.ts";
import { Steps } from "./steps.ts";
import { Timers } from "./timers.ts";

type SessionEvent =
  | { readonly type: "item"; readonly item: Edn; readonly bytes: number }
  | { readonly type: "publish"; readonly payload: Edn; readonly bytes: number }
  | { readonly type: "batch"; readonly batch: number; readonly count: number | undefined }
  | { readonly type: "complete" | "subscribed" | "stop" }
  | { readonly type: "refused"; readonly error: SyncError; readonly retryable: boolean }
  | { readonly type: "ring"; readonly name: TimerName };

type TimerName = "answer" | "stall" | "gate" | "again" | "linger" | "still" | "sweep";

/** Where a session is: waiting for items, for what a head reaches, for another opener, or for commits. */
type Phase = "handshake" | "gate" | "paused" | "live";

/** So long may nodes of a live commit gather before they are stored. Milliseconds. */
const LINGER_MS = 20;
/** So many events may go by, when more wait already, before it is looked whether a step is complete. */
const EVENTS_PER_LOOK = 512;
/** Waits before a handshake that came to nothing is made again. Milliseconds. */
const AGAIN_MS = { minMs: 250, maxMs: 30_000 };

export class Session {
  /** When it is over and its writes have settled. Never rejects. */
  readonly done: Promise<void>;
  readonly #options: SessionOptions;
  readonly #over = new AbortController();
  readonly #inbox = new Inbox<SessionEvent>();
  readonly #timers: Timers<TimerName>;
  readonly #acks: Acks;
  readonly #steps: Steps;
  /** Between handshakes that came to nothing. */
  readonly #backoff: Backoff;
  #subscription: TopicSubscription | undefined;
  /** Whether the server takes this side for a subscriber, whatever becomes of the handshake. */
  #isSubscribed = false;

  #phase: Phase = "handshake";
  #handshake = new Handshake(new Map(), false);
  /** Items since the last batch. */
  #items = 0;
  #received = 0;
  #receivedBytes = 0;
  /** Since it was last looked whether a step is complete. */
  #events = 0;
  #lastHeard: number;

  constructor(options: SessionOptions) {
    const { clock, random, dialect, limits, listener } = options;
    this.#options = options;
    this.#lastHeard = clock.now();
    this.#backoff = new Backoff({ ...AGAIN_MS, random });
    this.#timers = new Timers(clock, (name) => this.#push({ type: "ring", name }));
    this.#acks = new Acks(clock, dialect.losesFastAcks, (batch) => this.#ack(batch));
    this.#steps = new Steps({
      ...options,
      maxKeptBytes: limits.maxKeptBytes,
      signal: this.#over.signal,
      onSkipped: (keys) => listener.onSkipped(keys),
    });
    this.done = this.#run();
  }

  /** Ends it: what was kept back is dropped. */
  stop(): void {
    if (this.#isOver) return;
    this.#over.abort();
    this.#push({ type: "stop" });
  }

  /** @throws {SyncError} `TRANSPORT_CLOSED` before the subscription is on its way. */
  async publish(payload: Edn): Promise<void> {
    if (this.#subscription === undefined) {
      throw new SyncError("TRANSPORT_CLOSED", "there is no subscription to publish on");
    }
    await this.#subscription.publish(payload);
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #run(): Promise<void> {
    try {
      await this.#begin();
      while (!this.#isOver) {
        const event = await this.#inbox.next();
        if (this.#isOver) return;
        await this.#go(event).catch((error: unknown) => this.#dropped(error));
        if (!this.#inbox.isEmpty && ++this.#events < EVENTS_PER_LOOK) continue;
        this.#events = 0;
        await this.#look();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.stop();
      this.#timers.stopAll();
      this.#acks.heard();
      this.#subscription?.end();
    }
  }

  /**
   * Tells the server what is here. What else it has comes, and from then on all that it writes: it is
   * not told to stop before it is asked again, since it may do that in the other order.
   */
  async #begin(): Promise<void> {
    const { store, storeId, walker, limits, dialect } = this.#options;
    const { nodes } = this.#steps;
    this.#phase = "handshake";
    this.#timers.stopAll();
    this.#items = 0;
    await this.#steps.begin();
    // A key that gets another value is not held because it is there.
    const maxReported = nodes.recycled ? 0 : limits.maxReported;
    const { signal } = this.#over;
    const { held, cells, state } = await readHoldings(store, {
      storeId,
      walker,
      maxReported,
      signal,
    });
    nodes.hold(held);
    this.#handshake = new Handshake(cells, this.#isSubscribed);
    // Not before the reading: what comes for a topic that was not subscribed to is nothing to go by.
    this.#subscription ??= this.#open();
    if (dialect.acknowledgesFirst) this.#timers.set("answer", limits.answerTimeoutMs);
    this.#timers.set("stall", limits.stallTimeoutMs);
    this.#lastHeard = this.#options.clock.now();
    await this.#subscribe(this.#subscription, state);
  }

  #open(): TopicSubscription {
    const { connection, dialect, topic, listener } = this.#options;
    return connection.topics(dialect).open(topic, {
      onItem: (item, bytes) => this.#hear({ type: "item", item, bytes }, bytes),
      onBatch: (batch, count) => this.#hear({ type: "batch", batch, count }),
      onComplete: () => this.#hear({ type: "complete" }),
      onPublish: (payload, bytes) => this.#hear({ type: "publish", payload, bytes }, bytes),
      onSubscribed: () => this.#hear({ type: "subscribed" }),
      onRefused: (error, retryable) => this.#hear({ type: "refused", error, retryable }),
      onPublishRefused: (error) => listener.onPublishRefused(error),
    });
  }

  /** A server that takes small frames is told of less: what it is not told of comes again. */
  async #subscribe(subscription: TopicSubscription, state: EdnMap): Promise<void> {
    for (let told = state; ; told = new EdnMap([...told].slice(0, told.size >> 1))) {
      try {
        return await subscription.subscribe(told);
      } catch (error) {
        // A line that is over says so by itself.
        if (isSyncError(error, "TRANSPORT_CLOSED")) return;
        if (!isSyncError(error, "FRAME_TOO_LARGE") || told.size === 0) throw error;
      }
    }
  }

  #ack(batch: number): void {
    this.#subscription?.ack(batch).catch(() => undefined);
  }

  #hear(event: SessionEvent, bytes = 0): void {
    // A publication says nothing of how the handshake goes, nor that the server heard the acknowledgement.
    if (event.type !== "publish") {
      this.#lastHeard = this.#options.clock.now();
      this.#acks.heard();
    }
    this.#push(event, bytes);
  }

  #push(event: SessionEvent, bytes = 0): void {
    const { connection, limits } = this.#options;
    if (this.#inbox.bytes + bytes <= limits.maxInboxBytes) return this.#inbox.push(event, bytes);
    const details = { limit: "maxInboxBytes", max: limits.maxInboxBytes };
    connection.fail(new SyncError("LIMIT_EXCEEDED", "more came than could be stored", { details }));
  }

  /** Another opener was quicker with what is too much to be kept back. */
  #dropped(error: unknown): void {
    if (!isSyncError(error, "CURSOR_MOVED")) throw error;
    // To its end, all the same: a server takes no two handshakes at once.
    if (this.#phase === "handshake") this.#handshake.doubt();
    else this.#again(error, this.#options.limits.stillMs);
  }

  async #go(event: SessionEvent): Promise<void> {
    switch (event.type) {
      case "item":
        return this.#item(readItem(event.item), event.bytes);
      case "publish":
        return this.#publication(readChanges(event.payload), event.bytes);
      case "batch":
        return this.#endBatch(event.batch, event.count);
      case "complete":
        return this.#complete();
      case "subscribed":
        this.#handshake.subscribed();
        return this.#timers.stop("answer");
      case "refused":
        return this.#refused(event.error, event.retryable);
      case "ring":
        return this.#ring(event.name);
      case "stop":
        return;
    }
  }

  async #item(change: StoreChange, bytes: number): Promise<void> {
    this.#timers.stop("answer");
    this.#items++;
    this.#handshake.subscribed();
    if (!this.#handshake.item(change, this.#steps.kept.get(change.key))) return;
    if (!(await this.#takeNode(change, bytes))) await this.#steps.keep(change, bytes);
  }

  async #publication(changes: readonly StoreChange[], frameBytes: number): Promise<void> {
    const bytes = frameBytes / changes.length;
    for (const change of changes) {
      if (await this.#takeNode(change, bytes)) continue;
      if (this.#phase === "handshake") this.#handshake.publish(change);
      // Meant for others, who are told of its end.
      else if (!this.#isSubscribed && change.op === "set") continue;
      await this.#steps.keep(change, bytes);
    }
  }

  async #takeNode(change: StoreChange, bytes: number): Promise<boolean> {
    this.#received++;
    this.#receivedBytes += bytes;
    const isNode = await this.#steps.takeNode(change, bytes);
    if (this.#steps.nodes.hasDead) this.#timers.set("sweep", this.#options.limits.sweepMs);
    return isNode;
  }

  #endBatch(batch: number, count: number | undefined): void {
    const items = this.#items;
    this.#items = 0;
    if (count !== undefined && count !== items) {
      throw new SyncError("PROTOCOL_VIOLATION", "a batch of another size than the server says", {
        details: { items, count },
      });
    }
    this.#handshake.subscribed();
    if (this.#phase === "handshake") this.#acks.ack(batch);
    this.#options.listener.onProgress({
      received: this.#received,
      receivedBytes: this.#receivedBytes,
      total: undefined,
    });
  }

  async #complete(): Promise<void> {
    if (this.#phase !== "handshake") return;
    this.#isSubscribed = true;
    this.#timers.stop("answer");
    this.#timers.stop("stall");
    if (!this.#handshake.isDoubtful) {
      this.#phase = "gate";
    } else {
      // The next one brings what there is of them.
      for (const key of this.#handshake.doubtful()) this.#steps.kept.forget(key);
      this.#options.listener.onAgain(undefined);
      await this.#begin();
    }
  }

  #refused(error: SyncError, retryable: boolean): void {
    if (!retryable) throw error;
    if (this.#phase !== "handshake") return;
    // Until it is asked again it tells nothing: neither what replaces a cell, nor that one has gone.
    this.#isSubscribed = false;
    this.#steps.kept.keepDeletes();
    this.#again(error, this.#backoff.next());
  }

  /** Makes the handshake again after a while; until then what comes is kept back. */
  #again(error: SyncError, delayMs: number): void {
    this.#phase = "paused";
    this.#timers.stopAll();
    this.#timers.set("again", delayMs);
    this.#options.listener.onAgain(error);
  }

  async #ring(name: TimerName): Promise<void> {
    const { limits, clock, connection } = this.#options;
    switch (name) {
      case "answer":
        return connection.fail(
          late("ACK_TIMEOUT", "answerTimeoutMs", limits, "acknowledge the subscription"),
        );
      case "stall": {
        const leftMs = this.#lastHeard + limits.stallTimeoutMs - clock.now();
        if (leftMs > 0) return this.#timers.set("stall", leftMs);
        return connection.fail(
          late("ACK_TIMEOUT", "stallTimeoutMs", limits, "go on with the handshake"),
        );
      }
      case "gate":
        return this.#again(
          late("NODE_MISSING", "gateTimeoutMs", limits, "send what a head reaches"),
          this.#backoff.next(),
        );
      case "again":
        return this.#begin();
      case "linger":
        return this.#steps.nodes.flush();
      case "still":
        return this.#lookAround();
      case "sweep":
        return this.#sweep();
    }
  }

  /** Shows what is complete. */
  async #look(): Promise<void> {
    const { nodes, isIdle } = this.#steps;
    const { limits, listener, keeper } = this.#options;
    if (this.#phase !== "gate" && (this.#phase !== "live" || isIdle)) {
      if (!nodes.isEmpty) this.#timers.set("linger", LINGER_MS);
      if (this.#phase === "live" && !keeper.isWhole) this.#timers.set("still", limits.stillMs);
      return;
    }
    try {
      const step = await this.#steps.show(this.#phase === "gate" ? this.#handshake : undefined);
      if (step === undefined) return this.#timers.set("gate", limits.gateTimeoutMs);
      this.#phase = "live";
      this.#backoff.reset();
      this.#timers.stop("gate");
      if (nodes.hasDead) this.#timers.set("sweep", limits.sweepMs);
      listener.onStep(step);
    } catch (error) {
      if (!isSyncError(error, "CURSOR_MOVED")) throw error;
      this.#again(error, limits.stillMs);
    }
  }

  /** Another opener is in the midst of a step, or has ended there: then this one makes the store whole. */
  async #lookAround(): Promise<void> {
    const { keeper } = this.#options;
    if (this.#phase !== "live" || !this.#steps.isIdle || keeper.isWhole) return;
    const hasMoved = await keeper.reread();
    if (keeper.isWhole || hasMoved) return;
    this.#again(new SyncError("CURSOR_MOVED", "another opener did not end its step"), 0);
  }

  async #sweep(): Promise<void> {
    if (this.#phase !== "live" || !this.#steps.isIdle) {
      return this.#timers.set("sweep", this.#options.limits.sweepMs);
    }
    try {
      await this.#steps.sweep();
    } catch (error) {
      // Of what is shown something was lost here: it is not reported as held, and so it comes again.
      if (!isSyncError(error, "NODE_MISSING")) throw error;
      this.#again(error, 0);
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    const { connection, listener } = this.#options;
    const failure = isSyncError(error)
      ? error
      : new SyncError("INTERNAL", "a store could not follow", { cause: error });
    listener.onFailure(failure);
    // Of what else such a server sends, nothing can be believed.
    if (failure.code === "PROTOCOL_VIOLATION") connection.fail(failure);
  }
}

/** The error for a server that did not do in time what it should have done. */
function late(code: string, limit: TimeLimit, limits: FollowLimits, deed: string): SyncError {
  return new SyncError(code, `the server did not ${deed} in time`, {
    details: { limit, max: limits[limit] },
  });
}

type TimeLimit = "answerTimeoutMs" | "stallTimeoutMs" | "gateTimeoutMs";
