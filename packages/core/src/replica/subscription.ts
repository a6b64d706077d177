/** A follower as one of those who asked for it sees it. */
import { type Edn, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Cursor, StepCursor } from "../feed.ts";
import type {
  KeyChange,
  SubscribeOptions,
  Subscription,
  SubscriptionListeners,
  SubscriptionStats,
  SyncStatus,
  Verification,
} from "../sync.ts";
import type { Follower } from "./follower.ts";
import { isAtOrBeyond } from "./standing-keeper.ts";

/** Ends with its own `close`; the follower ends when the last of its subscriptions has. */
export class FollowerSubscription implements Subscription {
  readonly #follower: Follower;
  readonly #release: () => Promise<void>;
  readonly #waiters = new Set<Waiter>();
  readonly #stops = new Set<() => void>();
  #closed: Promise<void> | undefined;

  /** `release` says that this one needs the follower no longer. */
  constructor(follower: Follower, options: SubscribeOptions, release: () => Promise<void>) {
    this.#follower = follower;
    this.#release = release;
    this.#stops.add(follower.changes.add(() => this.#look()));
    this.on(options);
    const { signal } = options;
    if (signal === undefined) return;
    const abort = () => void this.close();
    signal.addEventListener("abort", abort, { once: true });
    this.#stops.add(() => signal.removeEventListener("abort", abort));
  }

  get storeId(): Uuid {
    return this.#follower.storeId;
  }

  get status(): SyncStatus {
    const { status } = this.#follower;
    return this.#closed === undefined ? status : { ...status, phase: "closed", error: undefined };
  }

  onKey(key: Edn, listener: (change: KeyChange) => void): () => void {
    return this.#stoppable(this.#follower.listeners.addKey(key, listener));
  }

  on(listeners: SubscriptionListeners): () => void {
    return this.#stoppable(this.#follower.listeners.add(listeners));
  }

  synced(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<StepCursor> {
    return this.#wait(({ phase, cursor }) => (phase === "live" ? cursor : undefined), options);
  }

  async awaitCursor(
    wanted: Cursor,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    await this.#wait(({ cursor }) => (hasCommit(cursor, wanted) ? cursor : undefined), options);
  }

  verify(): Promise<Verification> {
    return this.#use(() => this.#follower.verify());
  }

  repair(): Promise<Verification> {
    return this.#use(() => this.#follower.repair());
  }

  prune(): Promise<number> {
    return this.#use(() => this.#follower.prune());
  }

  stats(): SubscriptionStats {
    return this.#follower.stats;
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops.clear();
    for (const waiter of this.#waiters) waiter.reject(aborted());
    this.#waiters.clear();
    await this.#release();
  }

  async #use<T>(job: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw aborted();
    return job();
  }

  #stoppable(stop: () => void): () => void {
    const once = () => {
      this.#stops.delete(once);
      stop();
    };
    this.#stops.add(once);
    return once;
  }

  async #wait(
    test: Waiter["test"],
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): Promise<StepCursor> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw aborted();
    let waiter: Waiter | undefined;
    const abort = () => waiter?.reject(signal?.reason);
    try {
      return await new Promise<StepCursor>((resolve, reject) => {
        waiter = { test, resolve, reject };
        this.#waiters.add(waiter);
        signal?.addEventListener("abort", abort, { once: true });
        this.#look();
      });
    } finally {
      signal?.removeEventListener("abort", abort);
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /** Something has changed, which somebody may have waited for. */
  #look(): void {
    if (this.#waiters.size === 0) return;
    const { status } = this.#follower;
    for (const { test, resolve, reject } of this.#waiters) {
      const cursor = test(status);
      if (cursor !== undefined) resolve(cursor);
      else if (status.phase === "failed") reject(status.error);
      else if (status.phase === "closed") reject(aborted());
    }
  }
}

interface Waiter {
  readonly test: (status: SyncStatus) => StepCursor | undefined;
  readonly resolve: (cursor: StepCursor) => void;
  readonly reject: (reason: unknown) => void;
}

/** Whether a store at `cursor` has what a commit brought, of its primary or of the one which that follows. */
function hasCommit(cursor: StepCursor | undefined, wanted: Cursor): boolean {
  return isAtOrBeyond(cursor, wanted) || isAtOrBeyond(cursor?.origin, wanted);
}

function aborted(): SyncError {
  return new SyncError("ABORTED", "the subscription was closed");
}
