/** The walker author's page: what finds everything that a store's pointers reach. */
import type { Edn } from "@datahike-sync/edn";
import type { EntryMeta, ReadableStore } from "./store.ts";

/**
 * What an entry is to a walker: a *node* never gets another value under its key, a *pointer* is a
 * mutable entry whose value reaches nodes, a *cell* is any other.
 */
export type EntryClass = "node" | "pointer" | "cell";

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told after every few hundred keys, and at the end. */
  readonly onProgress?: ((progress: WalkProgress) => void) | undefined;
}

export interface WalkProgress {
  /** Keys yielded so far. */
  readonly keys: number;
  /** Values that were read and decoded to find them. */
  readonly decoded: number;
}

/** What a walk yields: nodes by key alone, pointers with the very value that was walked. */
export type WalkStep = NodeStep | PointerStep;

export interface NodeStep {
  readonly class: "node";
  readonly key: Edn;
}

export interface PointerStep {
  readonly class: "pointer";
  readonly key: Edn;
  readonly value: Edn;
  readonly meta: EntryMeta;
}

/** A pointer's value at one time, to be compared with another. */
export interface PointerState {
  readonly key: Edn;
  readonly value: Edn;
}

export interface DiffStep {
  readonly key: Edn;
  /** Whether `to` reaches it and `from` does not, or the reverse. */
  readonly change: "added" | "removed";
}

export interface DiffOptions extends WalkOptions {
  /** Whether also to yield what `from` reaches and `to` does not. Default false. */
  readonly removed?: boolean | undefined;
}

/**
 * Finds what the values of a store's pointers reach.
 *
 * Its shortcuts rest on one fact: a node's key never gets another value. Where a store breaks it, the
 * walker says so in {@link Walker.recycles}, and takes none.
 */
export interface Walker {
  /**
   * The keys of all pointers, as far as the values in `known` tell. Asked again with what was read
   * under these keys, until the answer names none that was not read: so that all can be read as one.
   * The last answer is the one that counts: it may leave out what was read for an earlier one.
   *
   * @throws {SyncError} `CODEC_INVALID` when a value that names pointers is malformed.
   */
  pointers(known: readonly PointerState[]): readonly Edn[];
  /**
   * The same walker with what a replica asked for; `null` asks for nothing special. What it may see is
   * never more than this walker sees.
   *
   * @throws {TypeError} for options that this walker does not have.
   */
  select(options: Edn): Walker;
  /**
   * Yields every node that the pointers reach, once, children before parents, and last the pointers.
   * The pointers are read first; their values are what is walked and what is yielded, never a second
   * reading. The order is a function of those values.
   *
   * @throws {SyncError} `NODE_MISSING`, with `details.path`, when a node is not there while its pointer
   * still stands.
   */
  walk(store: ReadableStore, options?: WalkOptions): AsyncIterableIterator<WalkStep>;
  /**
   * Yields what `to` reaches and `from` does not, children before parents, without looking below an
   * address that both share. A key is in a pointer's list at most once; a pointer that only one list
   * has counts as reaching nothing in the other. What is removed follows what is added, parents before
   * children. Where a value is of a store that recycles, all that `to` reaches counts as added, and
   * nothing as removed.
   *
   * @throws {SyncError} `NODE_MISSING`, with `details.path` and with `details.side`, `"from"` or `"to"`:
   * a `from` that can no longer be read may be left out.
   */
  diff(
    store: ReadableStore,
    from: readonly PointerState[],
    to: readonly PointerState[],
    options?: DiffOptions,
  ): AsyncIterableIterator<DiffStep>;
  /** The class of an entry, from its key and metadata alone. */
  classify(key: Edn, meta?: Pick<EntryMeta, "immutable">): EntryClass;
  /** The keys that a value names directly; none for a value that the walker does not know. */
  children(value: Edn): readonly Edn[];
  /** A pointer's value in few bytes, to be found again by {@link Walker.resolve}. */
  token(value: Edn): Edn | undefined;
  /** The pointer's value that a token names, or `undefined` where the store no longer tells. */
  resolve(store: ReadableStore, token: Edn): Promise<Edn | undefined>;
  /** Whether the store that this pointer's value belongs to gives used keys to other nodes. */
  recycles(value: Edn): boolean;
}
