/** Keeps a frontend what its backend is, by the commits that the backend tells and by its feed. */
import {
  type Commit,
  type EntryMeta,
  type FeedState,
  isEncoded,
  isSyncError,
  type Operation,
  type Store,
} from "@datahike-sync/core";
import { type Edn, identity, snapshot } from "@datahike-sync/edn";
import { BackendReader } from "./backend-reader.ts";
import { Completeness } from "./completeness.ts";
import { FeedWatch } from "./feed-watch.ts";
import { Fills } from "./fills.ts";
import { FrontendQueue, put, remove } from "./frontend-queue.ts";
import { clearFrontend, cursorOf, isGood, lackingOf, readMark } from "./marks.ts";

export interface FollowerOptions {
  readonly frontend: Store;
  readonly backend: Store;
  /** Whether commits are put into the frontend; if not, what they change is forgotten there. */
  readonly takesCommits: boolean;
  /** Whether the frontend has to have everything. */
  readonly isWhole: boolean;
  /** Whether an entry never gets another value. */
  readonly isNode: (key: Edn, meta: EntryMeta) => boolean;
  /** Told when the frontend fails. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * A backend tells the commits of one opener. Where their numbers have gaps somebody else has written, and
 * the feed says what: that is forgotten, or in a frontend that has to have everything read again.
 */
export class Follower {
  readonly watch: FeedWatch = new FeedWatch();
  readonly queue: FrontendQueue;
  readonly reader: BackendReader;
  readonly completeness: Completeness;
  /** Whether the frontend keeps entries that get other values. */
  readonly keepsCells: boolean;
  readonly #options: FollowerOptions;
  readonly #fills = new Fills();
  readonly #stopListening: () => void;
  /** While it joins, it takes what is told, but may not have all that was before. */
  #state: "off" | "joining" | "on" = "off";
  #isClosed = false;
  #isFollowing = false;
  #isClearing = false;
  /** What has to be read again, by identity. */
  readonly #owed = new Map<string, Edn>();
  /** What the frontend failed with last. */
  #failure: unknown;
  /** How often it was asked while it was off. */
  #asked = 0;
  /** What goes on by itself. */
  #chore: Promise<void> | undefined;

  private constructor(options: FollowerOptions) {
    this.#options = options;
    const { backend, frontend, isWhole, isNode } = options;
    const { feed, shared } = backend.capabilities;
    // Whether what others may change is still so, only the backend can say.
    this.keepsCells = isWhole || (feed && !shared);
    this.completeness = new Completeness(frontend);
    this.queue = new FrontendQueue({
      frontend,
      seen: () => (feed && this.#isTaking ? this.watch.seen : undefined),
      onFailure: (error) => this.#report(error),
      onHole: () => this.completeness.lose(),
      onLost: () => this.#turnOff(),
    });
    this.reader = new BackendReader({
      backend,
      fills: this.#fills,
      watch: this.watch,
      queue: this.queue,
      takes: (key, meta) => this.#isTaking && (this.keepsCells || isNode(key, meta)),
      removesAbsent: isWhole,
    });
    this.#stopListening = backend.onCommit((commit) => this.#onCommit(commit));
  }

  /** Begins with what a frontend has of its backend; what is not known to be so is removed. */
  static async open(options: FollowerOptions): Promise<Follower> {
    const follower = new Follower(options);
    try {
      await follower.#join();
    } catch (error) {
      follower.#stopListening();
      throw error;
    }
    return follower;
  }

  /** Whether the frontend may answer for keys that its queue does not touch. If not, works on it. */
  mayAnswer(): boolean {
    if (this.#state === "off") {
      // Not every time: it may be gone for good.
      if (this.#asked++ % ASKED_PER_JOIN === 0) this.#begin(() => this.#join());
      return false;
    }
    if (this.watch.isBehind || this.#owed.size > 0) this.#begin(() => this.#follow());
    else if (this.#lacksSome) this.#begin(() => this.populate());
    if (this.#state !== "on" || this.#isFollowing || this.#owed.size > 0) return false;
    return this.watch.isCurrent;
  }

  /** The frontend has failed to read these keys. If they can be removed, it is as good as before. */
  fail(error: unknown, keys: readonly Edn[]): void {
    this.#report(error);
    this.forget(keys);
  }

  /** What the frontend has of these keys may be wrong. */
  forget(keys: readonly Edn[]): void {
    const { isWhole } = this.#options;
    this.completeness.disturb();
    // Whoever else is told of a commit may change the dates and bytes in its keys.
    const own = keys.map(snapshot);
    for (const key of own) {
      const id = identity(key);
      this.#fills.spoil(id);
      if (isWhole) this.#owed.set(id, key);
    }
    if (!isWhole) this.queue.add(own.map(remove));
  }

  /** Removes all that the frontend has, and begins anew. */
  async clear(): Promise<void> {
    await this.#clear(await this.#options.backend.feed());
  }

  /** Reads what the frontend lacks of what it keeps. */
  async populate(): Promise<void> {
    if (this.#options.isWhole) await this.completeness.fill(() => this.#copyAll());
    else await this.#copyAll();
  }

  /**
   * Reads nodes that the frontend lacks, whether or not they are marked as such, and waits until it has
   * them.
   *
   * @param all Whether also those that it has.
   */
  async fetchNodes(keys: readonly Edn[], all: boolean): Promise<Fetched> {
    const read = all ? keys : await lackingOf(this.#options.frontend, keys);
    if (read.length === 0) return { read, absent: [] };
    const entries = await this.reader.fetch(read, () => this.#isTaking);
    return { read, absent: read.filter((_, at) => entries[at] === undefined) };
  }

  /** Resolves when what goes on by itself has ended. */
  async close(): Promise<void> {
    this.#stopListening();
    this.#isClosed = true;
    await this.#chore;
    await this.queue.settled();
  }

  get #lacksSome(): boolean {
    return this.#options.isWhole && this.completeness.isWanting;
  }

  /** Whether something may be put into the frontend. */
  get #isTaking(): boolean {
    return !this.#isClearing && this.#state !== "off";
  }

  async #copyAll(): Promise<void> {
    const { backend, frontend, isNode } = this.#options;
    let chunk: Edn[] = [];
    for await (const entry of backend.keys()) {
      this.watch.doubt();
      if (this.keepsCells || isNode(entry.key, entry)) chunk.push(entry.key);
      if (chunk.length < CHUNK) continue;
      await this.reader.fetch(await lackingOf(frontend, chunk));
      chunk = [];
    }
    await this.reader.fetch(await lackingOf(frontend, chunk));
  }

  #onCommit({ cursor, operations }: Commit): void {
    if (this.#state === "off") return;
    const { backend, takesCommits, isNode } = this.#options;
    const mayMove = !this.#isFollowing;
    const isFollowed = !backend.capabilities.feed || this.watch.hear(cursor, mayMove);
    // A read of the feed was quicker, and may have seen what came after.
    if (isFollowed === undefined) return;
    if (!isFollowed || !takesCommits) {
      this.forget(operations.map(({ key }) => key));
      return;
    }
    const changes = operations.map((operation): Operation => {
      const key = snapshot(operation.key);
      this.#fills.spoil(identity(key));
      const isKept = this.keepsCells || isNode(key, operation);
      if (operation.op === "delete" || !isKept) return remove(key);
      const { value } = operation;
      return put(key, isEncoded(value) ? value : snapshot(value), operation);
    });
    this.queue.add(changes, cursor.seq);
  }

  /** Makes of the frontend what the backend is now. */
  async #follow(): Promise<void> {
    const from = this.watch.seen.seq;
    const begun = this.watch.begin();
    const feed = await this.#options.backend.feed();
    this.watch.note(feed.last, begun);
    // A commit of this opener that an answer had in it is told by now.
    if (!this.watch.isBehind && this.#owed.size === 0) return;
    this.#isFollowing = true;
    try {
      if (feed.last < from || !(await this.#forgetSince(from))) await this.#clear(feed);
      await this.#readOwed();
      this.#checkOn();
      this.watch.reach(cursorOf(feed));
    } finally {
      this.#isFollowing = false;
    }
  }

  /** Forgets all that has changed since. Resolves to false when the backend no longer knows what. */
  async #forgetSince(since: number): Promise<boolean> {
    let after = { seq: since, place: Number.POSITIVE_INFINITY };
    try {
      for (;;) {
        const { rows, done } = await this.#options.backend.changes(after, { since });
        this.forget(rows.map(({ operation }) => operation.key));
        await this.queue.settled();
        const row = rows.at(-1);
        if (done || row === undefined) return true;
        after = { seq: row.seq, place: row.place };
      }
    } catch (error) {
      if (isSyncError(error, "FEED_TRUNCATED")) return false;
      throw error;
    }
  }

  async #readOwed(): Promise<void> {
    while (this.#owed.size > 0) {
      const some = [...this.#owed].slice(0, CHUNK);
      for (const [id] of some) this.#owed.delete(id);
      try {
        await this.reader.fetch(some.map(([, key]) => key));
      } catch (error) {
        for (const [id, key] of some) this.#owed.set(id, key);
        throw error;
      }
    }
  }

  async #join(): Promise<void> {
    const { backend, frontend, isWhole } = this.#options;
    try {
      const mark = backend.capabilities.feed ? await readMark(frontend) : undefined;
      const feed = backend.capabilities.feed ? await backend.feed() : undefined;
      this.#state = "joining";
      if (mark !== undefined && feed !== undefined && isGood(mark, feed)) {
        this.watch.start(mark.cursor);
        if (isWhole) await this.completeness.recall();
        this.queue.add([], mark.top);
        await this.#follow();
      } else await this.#clear(feed);
      this.#checkOn();
      this.#state = "on";
      if (this.#lacksSome) await this.populate();
    } catch (error) {
      this.#turnOff();
      throw error;
    }
  }

  async #clear(feed: FeedState | undefined): Promise<void> {
    this.completeness.lose();
    this.#fills.spoilAll();
    this.#owed.clear();
    this.watch.start(feed === undefined ? { era: "", seq: 0 } : cursorOf(feed));
    // Until all is gone there is no commit as of which the frontend is good.
    this.#isClearing = true;
    try {
      await this.queue.settled();
      await clearFrontend(this.#options.frontend);
    } catch (error) {
      // What is left there is of nobody knows when.
      this.#report(error);
      this.#turnOff();
      throw error;
    } finally {
      this.#isClearing = false;
    }
    this.queue.renewMark();
    this.queue.add([]);
  }

  /** What waited for the frontend may have turned it off. */
  #checkOn(): void {
    if (this.#state === "off") throw this.#failure;
  }

  /** Once, and not whenever it is tried again. */
  #report(error: unknown): void {
    this.#failure = error;
    if (this.#state === "on") this.#options.onFailure(error);
  }

  #turnOff(): void {
    this.#state = "off";
    this.completeness.lose();
    this.#fills.spoilAll();
    this.#owed.clear();
    this.queue.clear();
  }

  /** One at a time; a later read begins the next. */
  #begin(chore: () => Promise<void>): void {
    if (this.#chore !== undefined || this.#isClosed) return;
    this.#chore = chore()
      // The backend has failed, as it does to whoever reads it; or the frontend, which was told.
      .catch(() => undefined)
      .finally(() => {
        this.#chore = undefined;
      });
  }
}

/** What was read of some keys, and what of that the backend does not have. */
export interface Fetched {
  readonly read: readonly Edn[];
  readonly absent: readonly Edn[];
}

const CHUNK = 256;
const ASKED_PER_JOIN = 128;
