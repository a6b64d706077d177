import { type Edn, kindOf, SyncError } from "@datahike-sync/edn";
import type { Datom } from "./datom.ts";
import { type DatomOrder, datomOrder } from "./datom-order.ts";
import { FlatIterator } from "./flat-iterator.ts";
import { LeafCursor } from "./leaf-cursor.ts";
import { type IndexType, RootHandle, type TreeNode, toNode } from "./node.ts";
import { NodeCache } from "./node-cache.ts";
import { NodePath } from "./node-path.ts";
import type { NodeSource } from "./node-source.ts";
import { checkNode, readNode } from "./read-nodes.ts";
import { Slice, type SliceBounds } from "./slice.ts";

export interface IndexOptions {
  /** The root node, where the pointer's value holds it beside its handle. Default: read it. */
  readonly root?: Edn | undefined;
  /** The order of the index. Default: the one that the handle names. */
  readonly index?: IndexType | undefined;
  /** Where nodes are kept for the next slice. Default: a cache of its own. */
  readonly cache?: NodeCache | undefined;
  /** Where the handle was found, to begin `details.path` of errors with. */
  readonly path?: NodePath | undefined;
}

export interface SliceOptions extends SliceBounds {
  /** How many leaves at most are read ahead of the one that was asked for. Default 8. */
  readonly prefetch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How many leaves a slice reads ahead: of 256 datoms each, about half a megabyte. */
export const DEFAULT_PREFETCH = 8;

/**
 * Opens an index from its root handle, the value of `:eavt-key` and the like in a database record.
 * Nothing is read until somebody asks.
 *
 * @throws {SyncError} `CODEC_INVALID` when `handle` is no root handle, or neither it nor the options
 * name an order.
 */
export function openIndex(store: NodeSource, handle: Edn, options: IndexOptions = {}): DatomIndex {
  const root = toNode(handle);
  if (!(root instanceof RootHandle)) {
    throw new SyncError("CODEC_INVALID", `${kindOf(handle)} instead of a root handle`);
  }
  const index = options.index ?? root.index;
  if (index === undefined) throw new SyncError("CODEC_INVALID", "an index without an order");
  return new DatomIndex(store, root, index, options);
}

/** An index of a Datahike database as it was when its root was written. Made by {@link openIndex}. */
export class DatomIndex {
  readonly index: IndexType;
  /** How many datoms it holds, where that is known. */
  readonly count: number | undefined;
  readonly #store: NodeSource;
  readonly #path: NodePath;
  readonly #fusedRoot: Edn | undefined;
  readonly #order: DatomOrder;
  readonly #cache: NodeCache;

  /** @internal Use {@link openIndex}. */
  constructor(store: NodeSource, handle: RootHandle, index: IndexType, options: IndexOptions) {
    this.index = index;
    this.count = handle.count;
    this.#store = store;
    this.#path = new NodePath(handle.address, options.path);
    this.#fusedRoot = options.root ?? undefined;
    this.#order = datomOrder(index);
    this.#cache = options.cache ?? new NodeCache();
  }

  /**
   * The datoms of a slice, one by one.
   *
   * @throws {SyncError} As {@link DatomIndex.chunks}.
   */
  datoms(options: SliceOptions = {}): AsyncIterableIterator<Datom, undefined> {
    return new FlatIterator(this.chunks(options));
  }

  /**
   * The datoms of a slice, as many at a time as a leaf has of it: many times faster than one by one.
   * The arrays are shared; do not change them.
   *
   * @throws {SyncError} `NODE_MISSING` with `details.path` when a node is not there, `CODEC_INVALID`
   * or `CODEC_LIMIT` when one is malformed.
   */
  async *chunks(options: SliceOptions = {}): AsyncGenerator<readonly Datom[], void, undefined> {
    const { prefetch = DEFAULT_PREFETCH, signal } = options;
    if (!(prefetch >= 1)) throw new RangeError("prefetch is at least 1");
    const slice = new Slice(this.index, options);
    const cursor = new LeafCursor(this.#store, this.#cache, this.#order, slice, signal);
    let chunks = cursor.enter(await this.#readRoot(signal), this.#path);
    // Leaves ahead double from one, so that a reader who stops early has not paid for many.
    let ahead = cursor.next(1);
    for (let count = 2; ; count *= 2) {
      // The reader may stop at any yield, and then nobody awaits what is under way.
      ahead.catch(() => {});
      for (const chunk of chunks) if (chunk.length > 0) yield chunk;
      signal?.throwIfAborted();
      chunks = await ahead;
      if (chunks.length === 0) return;
      ahead = cursor.next(Math.min(count, prefetch));
    }
  }

  async #readRoot(signal: AbortSignal | undefined): Promise<TreeNode> {
    signal?.throwIfAborted();
    const place = { path: this.#path, level: undefined };
    if (this.#fusedRoot !== undefined) return checkNode(this.#fusedRoot, place);
    const cached = this.#cache.get(this.#path.key);
    if (cached !== undefined) return cached;
    const node = await readNode(this.#store, place, signal);
    this.#cache.set(this.#path.key, node);
    return node;
  }
}
