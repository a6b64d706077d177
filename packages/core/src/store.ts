/** The store author's page: what a store promises. */
import type { Edn, ErrorDetails, Uuid } from "@datahike-sync/edn";
import type { Encoded } from "./codec.ts";
import type {
  Changes,
  ChangesOptions,
  Commit,
  Cursor,
  FeedPosition,
  FeedState,
  Stage,
  Standing,
  StandingChange,
} from "./feed.ts";

/** What is known of an entry without reading its value. */
export interface EntryMeta {
  /** `"binary"` values are a `Uint8Array` and are kept as they are, without a codec. */
  readonly type: "edn" | "binary";
  /** Milliseconds since the epoch, by the clock of the store that wrote it. Only for people. */
  readonly lastWrite: number;
  /** Whether this key never gets another value. */
  readonly immutable: boolean;
  /** The id of the store whose subscription brought the entry; absent for local ones. */
  readonly origin?: Uuid | undefined;
}

/** A key with its metadata. */
export interface KeyEntry extends EntryMeta {
  readonly key: Edn;
}

/** A key with its value and metadata. */
export interface Entry extends KeyEntry {
  readonly value: Edn;
}

/** An entry as it is kept, to be passed on or decoded later. */
export interface EncodedEntry extends KeyEntry {
  /** With `type: "binary"` its codec is `"binary"` and its bytes are the value. */
  readonly value: Encoded;
}

/** One change of a commit. */
export type Operation = SetOperation | DeleteOperation;

export interface SetOperation {
  readonly op: "set";
  readonly key: Edn;
  /** With `type: "binary"` a `Uint8Array`. */
  readonly value: Edn | Encoded;
  /** Default `"edn"`. */
  readonly type?: EntryMeta["type"] | undefined;
  /**
   * Default: now, by the store's own clock, and later than that of what the key had before: by it a
   * reconciliation tells two versions apart.
   */
  readonly lastWrite?: number | undefined;
  /** Default false. Other bytes under an immutable key are refused with `IMMUTABLE_CHANGED`. */
  readonly immutable?: boolean | undefined;
  /** Replaces an immutable entry nevertheless. Default false. */
  readonly rewrite?: boolean | undefined;
}

export interface DeleteOperation {
  readonly op: "delete";
  readonly key: Edn;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface EncodedReadOptions extends ReadOptions {
  /** Gives entries as they are kept, undecoded and with their metadata. */
  readonly encoded: true;
}

export interface KeysOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Told of every entry that cannot be read; the iteration goes on with the next. Without it the
   * first such entry ends the iteration with its error.
   */
  readonly onUnreadable?: ((error: Error, details: ErrorDetails) => void) | undefined;
}

/** What a store can be read for. Walkers, readers and views need no more than this. */
export interface ReadableStore extends AsyncDisposable {
  /**
   * The value, or `undefined` where there is none. Values are frozen and may be shared; bytes and
   * dates are copies and belong to the caller.
   */
  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  /** The values in the order asked for, `undefined` where there is none; one read where it can be. */
  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  /** What is known of an entry without reading its value. */
  getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined>;
  has(key: Edn, options?: ReadOptions): Promise<boolean>;
  /** Each key that was there throughout, once, in no promised order. */
  keys(options?: KeysOptions): AsyncIterableIterator<KeyEntry>;
  /**
   * Waits for work under way and frees what the store holds. May be called again. Every other
   * method rejects with `STORE_CLOSED` from now on.
   */
  close(): Promise<void>;
}

/** What a store does less than the whole contract; the conformance suite runs what it claims. */
export interface Capabilities {
  /** `"prefix"`: a crash may leave the first operations of a commit without the rest. */
  readonly atomic: "commit" | "prefix";
  /**
   * Without: `changes` rejects with a TypeError, and `feed` knows this opener's era alone, its floor at
   * the last commit; it can be a primary only under a walker.
   */
  readonly feed: boolean;
  /** Whether it keeps standings and stages, without which it can be no replica. Default: as `feed`. */
  readonly standings?: boolean | undefined;
  /** Whether more than one may open it for writing at a time; if not, the second gets `STORE_LOCKED`. */
  readonly shared: boolean;
  /**
   * `"commit"`: every commit is on disk when `write` resolves, but those that were written `relaxed`.
   * `"barrier"`: only those written with `barrier`. Either brings all before it.
   */
  readonly durable: "commit" | "barrier";
}

export interface WriteOptions {
  /** Replaces a subscription's standing in the same commit, and makes the operations its own. */
  readonly standing?: StandingChange | undefined;
  /** Whether this commit, and all before it, must be on disk when the call resolves. Default false. */
  readonly barrier?: boolean | undefined;
  /**
   * Allows a store whose commits are durable to be quicker with this one: a failure of power may take
   * it, and those after it until the next that does not allow it. Others ignore it. Default false.
   */
  readonly relaxed?: boolean | undefined;
}

/** What became of a write. */
export interface WriteResult {
  /** Where the commit stands in the feed; absent when nothing changed and nothing was committed. */
  readonly cursor?: Cursor | undefined;
  /**
   * Keys that the operations of a subscription did not touch, because this store wrote them for itself
   * or another subscription brought them.
   */
  readonly skipped: readonly Edn[];
}

/**
 * A key-value store of EDN values that knows what it committed. `openStore` makes one of an ordered
 * map; `storeConformance` says whether it is one.
 *
 * Writing what is there already, same bytes and same metadata (an operation without `lastWrite` asks
 * for none), is no commit: no row, no event. So echoes end. An immutable entry stays as it is, metadata
 * included, whatever else is asked of it together with its own value.
 */
export interface Store extends ReadableStore {
  readonly capabilities: Capabilities;
  /** A commit of one set. */
  set(
    key: Edn,
    value: Edn | Encoded,
    options?: Omit<SetOperation, "op" | "key" | "value">,
  ): Promise<WriteResult>;
  /**
   * A commit of one delete. Resolves to whether there was anything.
   *
   * @throws {SyncError} as {@link Store.write}.
   */
  delete(key: Edn): Promise<boolean>;
  /**
   * Sets a key to what `change` makes of its value, atomically; `undefined` in is no entry, out
   * deletes. `change` does not wait, and may be called again when another opener was quicker. What it
   * throws is what the call rejects with, and nothing is written. Resolves to the new value.
   *
   * @throws {SyncError} as {@link Store.write}.
   */
  update(key: Edn, change: (value: Edn | undefined) => Edn | undefined): Promise<Edn | undefined>;
  /**
   * Applies the operations in order as one commit, all or none. Resolves when it is as durable as
   * {@link Capabilities.durable} says. When a key occurs twice the last operation counts.
   *
   * @throws {SyncError} `IMMUTABLE_CHANGED`; `KEY_IS_REPLICATED` when a local operation is for an entry
   * that a subscription brought; `CURSOR_MOVED` when the standing has another revision, checked in the
   * commit's own transaction; `STORE_CLOSED`, `STORE_READ_ONLY`, `QUOTA_EXCEEDED`. Nothing is written.
   */
  write(operations: readonly Operation[], options?: WriteOptions): Promise<WriteResult>;
  /** As `getMany` with `encoded`, and the number of the last commit in that same read. */
  readMany(keys: readonly Edn[]): Promise<{
    readonly entries: readonly (EncodedEntry | undefined)[];
    readonly last: number;
  }>;
  /**
   * One read of the feed: rows after a position, values included, tombstones too.
   *
   * @throws {SyncError} `FEED_TRUNCATED` when `since` is below the floor at that moment.
   */
  changes(after: FeedPosition, options?: ChangesOptions): Promise<Changes>;
  /** Read from the store, not remembered. */
  feed(): Promise<FeedState>;
  /** Where a subscription stands. Read from the store, not remembered: another tab may have moved it. */
  standing(storeId: Uuid): Promise<Standing | undefined>;
  stage(storeId: Uuid): Stage;
  /**
   * Calls back for every commit of this opener, in order, after it is as durable as
   * {@link Capabilities.durable} says. Synchronously: when `write` has resolved, listeners have run.
   * What a listener throws is thrown again on its own. Returns the stop function.
   */
  onCommit(listener: (commit: Commit) => void): () => void;
  /** Keeps nodes from being pruned while somebody reads them. Returns the function that lets go. */
  pin(keys: Iterable<Edn>): () => void;
  /** Whether somebody pinned this key. */
  isPinned(key: Edn): boolean;
  /**
   * Forgets the tombstones of commits up to `seq`, by default all, and raises the floor to it. Many
   * short transactions; interrupted, it has forgotten some, and the floor is above those.
   */
  compact(seq?: number): Promise<void>;
  /** Closes the store and erases all that it holds. */
  destroy(): Promise<void>;
}
