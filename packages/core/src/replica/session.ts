/** One subscription on one line: what comes for it, in order, and what is answered. */
import { type Edn, isSyncError, SyncError } from "@datahike-sync/edn";
import type { StepCursor } from "../feed.ts";
import type { Batch, Offer, Reconcile, Subscribed } from "../protocol.ts";
import { answers } from "../reconcile/answers.ts";
import type { ItemSet } from "../reconcile/item-set.ts";
import { itemsOf } from "./brought.ts";
import { finishDoomed } from "./doomed.ts";
import type { Following } from "./following.ts";
import { haveOf, nowhere } from "./have.ts";
import { Inbox, type Letter, type SubscriptionMessage } from "./inbox.ts";
import { tellMissed } from "./missed-steps.ts";
import type { Receiver, ReplicaLine } from "./replica-line.ts";
import { StepApplier } from "./step-applier.ts";

/** Why a session is over. */
export type SessionEnd =
  /** Its follower has left. */
  | { readonly kind: "left" }
  /** The line has ended. */
  | { readonly kind: "gone" }
  /** The primary says: again, after a while. */
  | { readonly kind: "again"; readonly afterMs: number | undefined; readonly error: SyncError }
  /** Another opener has moved the standing, away from this cursor or at it. */
  | { readonly kind: "moved"; readonly from: StepCursor | undefined }
  | { readonly kind: "mismatch"; readonly error: SyncError }
  | { readonly kind: "failed"; readonly error: SyncError };

/** Who wants to know how a session is going. */
export interface SessionOwner {
  onSubscribed(subscribed: Subscribed): void;
  onBatch(): void;
  /** Something was written, or what was under way is void. */
  onChange(): void;
  /** What the primary called complete is here, and durable. */
  onComplete(): void;
  /** No step is under way. What is begun now ends soon when `isWanted` says so. */
  onIdle(isWanted: () => boolean): Promise<void>;
}

export interface SessionOptions {
  readonly select: Edn;
  /** To have everything compared, whatever the standing says. */
  readonly isFromScratch: boolean;
}

export class Session implements Receiver {
  readonly #following: Following;
  readonly #line: ReplicaLine;
  readonly #owner: SessionOwner;
  readonly #options: SessionOptions;
  readonly #inbox: Inbox;
  #id = 0;
  #subscribed: Subscribed | undefined;
  #applier: StepApplier | undefined;
  /** What this store has, where the primary compares it. */
  #items: ItemSet | undefined;
  #isComplete = false;
  #hasLeft = false;
  /** The number of the last batch or offer. */
  #batch = 0;
  /** What was applied, and is durable where it moved the cursor. */
  #settled = { batch: 0, until: 0 };
  #ackedBatch = 0;
  #ackedUntil = 0;
  #stopAckTimer: (() => void) | undefined;

  constructor(
    following: Following,
    line: ReplicaLine,
    owner: SessionOwner,
    options: SessionOptions,
  ) {
    this.#following = following;
    this.#line = line;
    this.#owner = owner;
    this.#options = options;
    this.#inbox = new Inbox(line.windowBytes + following.environment.limits.maxFrameBytes);
  }

  /** Whether the first step is here and no other catch-up is under way. */
  get isLive(): boolean {
    return this.#isComplete && !this.#inbox.isClosed && this.#applier?.isCatchingUp === false;
  }

  get subscribed(): Subscribed | undefined {
    return this.#subscribed;
  }

  get applier(): StepApplier | undefined {
    return this.#applier;
  }

  receive(message: SubscriptionMessage, body: Uint8Array): void {
    this.#inbox.put(message, body);
  }

  lineEnded(): void {
    this.#inbox.close();
  }

  /** Ends it at the next moment at which nothing is being written. */
  leave(): void {
    this.#hasLeft = true;
    this.#inbox.close();
  }

  /** Looks for something to do. */
  wake(): void {
    this.#inbox.wake();
  }

  /** Runs to the end: when this resolves, everything that it wrote has settled. Never rejects. */
  async run(): Promise<SessionEnd> {
    let isOverThere = false;
    try {
      await this.#subscribe();
      const end = await this.#work();
      isOverThere = end.kind === "again" || end.kind === "failed";
      return end;
    } catch (error) {
      return this.#endOf(error);
    } finally {
      this.#stopAckTimer?.();
      if (this.#applier?.isIdle === false) this.#following.hasLeftovers = true;
      const isClosed = this.#inbox.isClosed && !this.#hasLeft;
      this.#inbox.close();
      this.#line.leave(this.#id);
      if (this.#id > 0 && !isOverThere && !isClosed) {
        // Where it cannot be said the line has ended, and there is nobody to be told.
        this.#line.send({ type: "unsubscribe", id: this.#id }).catch(() => undefined);
      }
    }
  }

  async #subscribe(): Promise<void> {
    const { store, storeId, keeper, environment } = this.#following;
    await keeper.read();
    await finishDoomed(store, storeId, keeper, this.#line.codec);
    await tellMissed(this.#following);
    const { standing } = keeper;
    if (standing.position !== undefined) this.#following.hasLeftovers = true;
    // Nothing is sent behind a line's end, nor when the follower has left meanwhile.
    if (this.#inbox.isClosed) return;
    this.#id = this.#line.join(this);
    await this.#line.send({
      type: "subscribe",
      id: this.#id,
      storeId,
      select: this.#options.select,
      have: this.#options.isFromScratch ? nowhere(standing.selection) : haveOf(standing),
      window: environment.limits.windowBytes,
      deltas: [],
    });
  }

  async #work(): Promise<SessionEnd> {
    for (;;) {
      const letters = await this.#inbox.take();
      for (const letter of letters) {
        // What a line brought that has ended since is on its way again, on another.
        if (this.#inbox.isClosed) return this.#closed();
        const end = await this.#handle(letter);
        if (end !== undefined) return end;
        this.#inbox.done(letter);
        if (this.#isAckDue(letter)) await this.#settle(letter);
      }
      if (this.#inbox.isClosed) return this.#closed();
      const last = letters.at(-1);
      if (last !== undefined) await this.#settle(last);
      this.#owner.onChange();
      const isWanted = () => !this.#inbox.isEmpty || this.#inbox.isClosed;
      if (this.#applier?.isIdle && !isWanted()) await this.#owner.onIdle(isWanted);
    }
  }

  /** Resolves to an end where the letter brings one. */
  async #handle({ message, body }: Letter): Promise<SessionEnd | undefined> {
    if (message.type === "error") {
      const { code, message: text, retryable, afterMs } = message;
      const error = new SyncError(code, text, { details: { afterMs } });
      return retryable ? { kind: "again", afterMs, error } : { kind: "failed", error };
    }
    if (message.type === "subscribed") {
      this.#begin(message);
      return undefined;
    }
    const applier = this.#applier;
    if (applier === undefined) throw violation(`${message.type} before subscribed`);
    switch (message.type) {
      case "batch":
        this.#count(message);
        if (message.to !== undefined) this.#following.heardOf(message.to);
        await applier.add(message, body);
        this.#owner.onBatch();
        break;
      case "offer":
        this.#count(message);
        await this.#answerOffer(applier, message);
        break;
      case "reconcile":
        await this.#answerRanges(applier, message);
        break;
      case "complete":
        await this.#complete(applier);
        break;
      case "resync": {
        const { counts, environment, storeId } = this.#following;
        counts.resyncs++;
        environment.tell({ type: "resync", storeId, reason: message.reason });
        await applier.resync();
        this.#items = undefined;
        this.#owner.onChange();
        break;
      }
    }
    return undefined;
  }

  #begin(subscribed: Subscribed): void {
    if (this.#subscribed !== undefined) throw violation("subscribed twice");
    const { plan, selection } = subscribed;
    this.#subscribed = subscribed;
    this.#following.heardOf({ era: subscribed.era, seq: subscribed.last });
    this.#applier = new StepApplier(this.#following, { codec: this.#line.codec, plan, selection });
    this.#owner.onSubscribed(subscribed);
  }

  #count({ type, batch }: Batch | Offer): void {
    if (batch !== this.#batch + 1) throw violation(`${type} ${batch} behind ${this.#batch}`);
    this.#batch = batch;
  }

  async #answerOffer(applier: StepApplier, offer: Offer): Promise<void> {
    const keys = await applier.offer(offer);
    this.#following.hasLeftovers = true;
    await this.#line.send({ type: "need", id: this.#id, keys });
  }

  async #answerRanges(applier: StepApplier, { ranges }: Reconcile): Promise<void> {
    await applier.rely();
    const { store, storeId } = this.#following;
    this.#items ??= await itemsOf(store, storeId);
    for (const answer of answers(this.#items, ranges)) {
      await this.#line.send({ type: "reconcile", id: this.#id, ranges: answer });
    }
  }

  async #complete(applier: StepApplier): Promise<void> {
    if (applier.isCatchingUp) throw violation("complete before the end of a step");
    await applier.flush();
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#owner.onComplete();
  }

  /** Whether so much is unacknowledged that the primary may soon have to wait. */
  #isAckDue({ until }: Letter): boolean {
    return until - this.#ackedUntil >= this.#line.windowBytes / 4;
  }

  /** Writes what waits, and says so: in a catch-up at once, live within a moment. */
  async #settle(letter: Letter): Promise<void> {
    const isAckDue = !this.isLive || this.#isAckDue(letter);
    await this.#applier?.flush();
    this.#settled = { batch: this.#batch, until: letter.until };
    if (isAckDue) return this.#ack();
    this.#stopAckTimer ??= this.#following.environment.clock.after(ACK_DELAY_MS, () => {
      // The line's end tells what there is to tell of an acknowledgement that could not be sent.
      this.#ack().catch(() => undefined);
    });
  }

  async #ack(): Promise<void> {
    this.#stopAckTimer?.();
    this.#stopAckTimer = undefined;
    const { batch, until } = this.#settled;
    this.#ackedUntil = until;
    if (batch === this.#ackedBatch) return;
    this.#ackedBatch = batch;
    await this.#line.send({ type: "ack", id: this.#id, batch });
  }

  #closed(): SessionEnd {
    return { kind: this.#hasLeft ? "left" : "gone" };
  }

  #endOf(error: unknown): SessionEnd {
    if (isSyncError(error, "TRANSPORT_CLOSED")) return { kind: "gone" };
    if (isSyncError(error, "CURSOR_MOVED")) {
      return { kind: "moved", from: this.#following.keeper.before.cursor };
    }
    if (isSyncError(error, "CHECKSUM_MISMATCH")) return { kind: "mismatch", error };
    if (isSyncError(error)) return { kind: "failed", error };
    const fault = new SyncError("INTERNAL", "a store, a codec or the engine threw", {
      cause: error,
    });
    this.#following.environment.report(fault);
    return { kind: "failed", error: fault };
  }
}

/**
 * So long may an acknowledgement of a live batch wait for the next: one for each commit would cost both sides
 * more than the commit, and whoever has many lines would send it before reading the commit of the next.
 */
const ACK_DELAY_MS = 10;

function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}
