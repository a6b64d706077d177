/** What a store tells of its own history: commits, the feed of latest states, standings. */
import type { Edn, Uuid } from "@datahike-sync/edn";
import type { Encoded } from "./codec.ts";
import type { EntryMeta } from "./store.ts";

/** A history of commits. A new one begins each time a store is opened for writing. */
export interface Era {
  /** 16 random bytes in hexadecimal. */
  readonly id: string;
  /** The number of the last commit before it. */
  readonly after: number;
}

/** Where somebody stands in a store's feed: after the commit `seq` of that era. */
export interface Cursor {
  readonly era: string;
  readonly seq: number;
}

/** A cursor in the feed of a store that may itself be a replica. */
export interface StepCursor extends Cursor {
  /** Where that store then stood in the feed of the one that it follows: what a writer waits for. */
  readonly origin?: Cursor | undefined;
}

/** What a store's feed reaches over. */
export interface FeedState {
  /** In order of time, never none; those that ended before `floor` are forgotten. */
  readonly eras: readonly Era[];
  /** The number of the last commit; 0 before the first. */
  readonly last: number;
  /** Tombstones of this commit and of those before it may be forgotten. */
  readonly floor: number;
}

/** A row's place in the feed: the commit, and the operation's place among those that it tells. */
export interface FeedPosition {
  readonly seq: number;
  /** From 0, without gaps when it was made. As what to read after, `Infinity` is behind all of that commit. */
  readonly place: number;
}

/** The latest state of one key. */
export type FeedOperation = SetFact | DeleteFact;

/** An entry as it is now. */
export interface SetFact extends EntryMeta {
  readonly op: "set";
  readonly key: Edn;
  /** As the store keeps it: encoded where it has a codec. */
  readonly value: Edn | Encoded;
}

/** A key that is gone: what was known of it, less its value; `lastWrite` is when it went. */
export interface DeleteFact extends EntryMeta {
  readonly op: "delete";
  readonly key: Edn;
}

export interface FeedRow extends FeedPosition {
  readonly operation: FeedOperation;
}

/** One read of the feed. */
export interface Changes {
  /** In the order of (seq, place). */
  readonly rows: readonly FeedRow[];
  /** Whether there was nothing behind these rows. */
  readonly done: boolean;
  /** Of that same read. */
  readonly last: number;
  /** Of that same read. */
  readonly floor: number;
}

export interface ChangesOptions {
  /** The most rows, at least one. Default 512. */
  readonly limit?: number | undefined;
  /**
   * Roughly the most bytes of values, but at least one row. Default 4 MiB. A value that is kept
   * unencoded counts nothing.
   */
  readonly limitBytes?: number | undefined;
  /**
   * The caller needs every tombstone after this commit. Default: the `seq` that it reads after. A
   * scan of everything needs none of those before it began: its first read says `Infinity`, the
   * others the `last` of the first.
   */
  readonly since?: number | undefined;
}

/** A commit, as told to those who listen: the operations that changed something, by their places. */
export interface Commit {
  readonly cursor: Cursor;
  readonly operations: readonly FeedOperation[];
  /** The store id of the subscription that made it; absent for local commits. */
  readonly origin?: Uuid | undefined;
}

/** What a replica remembers of a subscription. Replaced by commits, together with what they bring. */
export interface Standing {
  /** Counts the commits that replaced it; the first is 1. */
  readonly revision: number;
  /** Absent until the first step is complete. */
  readonly cursor?: StepCursor | undefined;
  /** The id of the selection that the cursor belongs to. */
  readonly selection?: Uuid | undefined;
  /** What the primary calls the pointers' values that are shown. */
  readonly tokens?: Edn | undefined;
  /** How far an unfinished catch-up has come. */
  readonly position?: Edn | undefined;
  /**
   * What is left to do of a step that takes more than one commit, because it is too much for one or the
   * store's commits are not atomic; in the engine's words. At the end it names the records in the stage
   * that say which nodes have to go.
   */
  readonly doomed?: string | undefined;
}

/** How a commit replaces a standing. */
export interface StandingChange {
  /** The store id of the primary; the operations of the commit are brought by its subscription. */
  readonly storeId: Uuid;
  /** The revision that the store must still have; 0 for none. */
  readonly was: number;
  /** What stands from now on, as revision `was + 1`; `undefined` forgets the subscription. */
  readonly now: Omit<Standing, "revision"> | undefined;
}

/** What a subscription keeps back beyond what it can hold in memory. Not part of keys or feed. */
export interface Stage {
  /** Puts records behind those that are there. Durable with the next barrier, or never. */
  append(records: readonly Uint8Array[]): Promise<void>;
  /** All records in order. */
  read(): AsyncIterableIterator<Uint8Array>;
  clear(): Promise<void>;
}
