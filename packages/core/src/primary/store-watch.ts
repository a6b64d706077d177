/** What a store with a feed commits, as told to those who serve it. */
import type { Environment, Upstream } from "../environment.ts";
import type { Commit, Cursor, StepCursor } from "../feed.ts";
import { isSameCursor } from "../same-cursor.ts";
import type { Store } from "../store.ts";
import { Bell } from "./bell.ts";
import { emptyMove, Merge, type Move, toMove } from "./move.ts";
import { repeat } from "./repeat.ts";

export interface WatchListener {
  onMove(move: Move): void;
  /** The store has this commit, and whatever of its way there was not told came from elsewhere. */
  onForeign(last: number): void;
  /** The store can no longer be asked. */
  onFailure(error: unknown): void;
}

/** Whether a state of the store may be sent on, and where the store then stood in the one it follows. */
export interface Wholeness {
  readonly isWhole: boolean;
  readonly origin: Cursor | undefined;
}

/**
 * Listens to a store's commits. Where the store is a replica itself, it tells only of whole states: the
 * commits between two of them are one move. Commits of other openers are not told by the store; it is
 * asked from time to time whether there are any.
 */
export class StoreWatch {
  readonly #store: Store;
  readonly #environment: Environment;
  readonly #upstreamOf: () => Upstream | undefined;
  readonly #listeners = new Set<WatchListener>();
  /** Rings when a commit was told, and when the upstream has changed. */
  readonly #bell = new Bell();
  readonly #stopCommits: () => void;
  #stopPoll: () => void = () => undefined;
  #upstream: Upstream | undefined;
  #stopUpstream: () => void = () => undefined;
  /** The last commit that was told. */
  #told: Cursor | undefined;
  /** Of the store after it. */
  #now: Wholeness = { isWhole: true, origin: undefined };
  /** By the commit after which it was so, in order: a read may be of a moment ago. */
  readonly #past: (Wholeness & { readonly seq: number })[] = [];
  /** What was committed since the store was last whole. */
  #merge: Merge | undefined;

  constructor(store: Store, upstream: () => Upstream | undefined, environment: Environment) {
    this.#store = store;
    this.#upstreamOf = upstream;
    this.#environment = environment;
    // From the beginning, so that it is known which commits were told.
    this.#stopCommits = store.onCommit((commit) => this.#onCommit(commit));
  }

  /** Tells of everything that happens from now on. Returns the stop function. */
  listen(listener: WatchListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1 && this.#store.capabilities.shared) {
      const { clock, limits } = this.#environment;
      const onFailure = (error: unknown) => this.#onPollFailure(error);
      this.#stopPoll = repeat(clock, limits.pollMs, () => this.#poll(), onFailure);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stopPoll();
      this.#merge = undefined;
    };
  }

  /** Resolves when the store may be whole. */
  async untilWhole(signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#environment;
    for (this.#look(); !(this.#now.isWhole || (await this.#isStoredWhole())); this.#look()) {
      signal.throwIfAborted();
      // Nothing tells of what another opener does, nor that one subscription takes another's place.
      const stop = clock.after(limits.pollMs, () => this.#bell.ring());
      await this.#bell.rung(signal).finally(stop);
    }
  }

  /** What the store was after a commit that a read has just seen; `undefined` if it was not whole. */
  async wholeAt(last: number, signal: AbortSignal): Promise<Wholeness | undefined> {
    this.#look();
    if (this.#upstream === undefined && this.#past.length === 0) return this.#now;
    // What was read may not have been told yet, and with it, what it made of the store. When a second
    // read has ended, it has, unless another opener has written it.
    if (this.#pastAt(last)?.seq !== last) await this.#store.feed();
    signal.throwIfAborted();
    const then = this.#pastAt(last);
    if (then?.isWhole && then.seq === last) return then;
    // It may have become whole without a commit, or by one that was not told.
    if (this.#upstream !== undefined) return this.#storedAt(last, this.#upstream, signal);
    return then?.isWhole ? then : undefined;
  }

  stop(): void {
    this.#stopCommits();
    this.#stopPoll();
    this.#stopUpstream();
  }

  #onCommit(commit: Commit): void {
    const { seq } = commit.cursor;
    const isGap = this.#told !== undefined && this.#told.seq + 1 !== seq;
    if (isGap) this.#merge?.giveUp();
    this.#told = commit.cursor;
    // What the upstream says now is of its own commit that is being made, and of no local one.
    if (commit.origin !== undefined) this.#sample();
    this.#note(seq);
    if (this.#listeners.size > 0) this.#pass(commit);
    this.#bell.ring();
  }

  #pass(commit: Commit): void {
    if (this.#now.isWhole && this.#merge === undefined) {
      const move = toMove(commit, this.#now.origin);
      for (const listener of this.#listeners) listener.onMove(move);
      return;
    }
    this.#merge ??= new Merge(commit.cursor.seq - 1, this.#environment.limits.queueBytes);
    this.#merge.add(toMove(commit, undefined));
    if (this.#now.isWhole) this.#passMerged();
  }

  #passMerged(): void {
    const told = this.#told;
    const move = told && this.#merge?.toMove({ ...told, origin: this.#now.origin });
    this.#merge = undefined;
    for (const listener of this.#listeners) {
      if (move !== undefined) listener.onMove(move);
      else listener.onForeign(told?.seq ?? 0);
    }
  }

  /** What was known of the store after the last commit up to this one. */
  #pastAt(last: number): (Wholeness & { readonly seq: number }) | undefined {
    return this.#past.findLast(({ seq }) => seq <= last);
  }

  async #isStoredWhole(): Promise<boolean> {
    return (await this.#upstream?.stored())?.isWhole === true;
  }

  /** What another opener has made of the store, if that is what it still is. */
  async #storedAt(
    last: number,
    upstream: Upstream,
    signal: AbortSignal,
  ): Promise<Wholeness | undefined> {
    const { isWhole, cursor } = await upstream.stored();
    const feed = await this.#store.feed();
    if (isWhole) return feed.last === last ? { isWhole, origin: originOf(cursor) } : undefined;
    // Nobody here is told when it is done.
    const { clock, limits } = this.#environment;
    const stop = clock.after(limits.pollMs, () => this.#bell.ring());
    await this.#bell.rung(signal).finally(stop);
    return undefined;
  }

  /** The upstream has changed, with or without a commit of this store. */
  #onUpstream(): void {
    const { origin } = this.#now;
    this.#sample();
    const told = this.#told;
    this.#note(told?.seq ?? 0);
    if (this.#now.isWhole && this.#merge !== undefined) {
      this.#passMerged();
    } else if (this.#now.isWhole && told !== undefined && !isSameCursor(origin, this.#now.origin)) {
      const to = { ...told, origin: this.#now.origin };
      for (const listener of this.#listeners) listener.onMove(emptyMove(told.seq, to));
    }
    this.#bell.ring();
  }

  /** An upstream may appear, or another take its place, without a commit. */
  #look(): void {
    if (this.#upstreamOf() === this.#upstream) return;
    this.#sample();
    this.#note(this.#told?.seq ?? 0);
  }

  #sample(): void {
    const upstream = this.#upstreamOf();
    if (upstream === undefined) return;
    if (upstream !== this.#upstream) {
      this.#stopUpstream();
      this.#upstream = upstream;
      this.#stopUpstream = upstream.onChange(() => this.#onUpstream());
    }
    const { isWhole, cursor } = upstream;
    this.#now = { isWhole, origin: originOf(cursor) };
  }

  #note(seq: number): void {
    if (this.#upstream === undefined && this.#past.length === 0) return;
    this.#past.push({ seq, ...this.#now });
    if (this.#past.length > 2 * REMEMBERED) this.#past.splice(0, REMEMBERED);
  }

  /** Whether another opener of the store has written to it. */
  async #poll(): Promise<void> {
    const { last } = await this.#store.feed();
    // When a second read has ended, a commit of this opener that the first saw has been told.
    await this.#store.feed();
    if (this.#told !== undefined && this.#told.seq >= last) return;
    for (const listener of this.#listeners) listener.onForeign(last);
  }

  #onPollFailure(error: unknown): void {
    for (const listener of this.#listeners) listener.onFailure(error);
  }
}

/** How many states a read may be late. */
const REMEMBERED = 1024;

/** Where a store stands in the first of the stores that follow each other. */
function originOf(cursor: StepCursor | undefined): Cursor | undefined {
  return cursor?.origin ?? (cursor && { era: cursor.era, seq: cursor.seq });
}
