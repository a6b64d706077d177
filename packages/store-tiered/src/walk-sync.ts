/** Copies what pointers reach from one store into another, children before parents. */
import {
  isSyncError,
  type PointerStep,
  type ReadableStore,
  type Store,
  SyncError,
  type Walker,
} from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import type { Fetched, Follower } from "./follower.ts";
import { put } from "./frontend-queue.ts";
import { beginMark, endMark, lackingOf } from "./marks.ts";
import { WalkView } from "./walk-view.ts";

export interface WalkSyncOptions {
  /** Finds what is to be copied. */
  readonly walker: Walker;
  readonly signal?: AbortSignal | undefined;
  /** Told after every few hundred keys, and at the end. */
  readonly onProgress?: ((progress: WalkSyncProgress) => void) | undefined;
}

export interface WalkSyncProgress {
  /** Keys that the walk has come to, pointers included. When it begins again they are counted anew. */
  readonly reached: number;
  /** How many of them were copied. */
  readonly copied: number;
}

/**
 * Copies into a frontend what the walker finds in its backend and the frontend lacks: nodes first, children
 * before parents, then the pointers, over those that are there. It reads from the frontend what that has,
 * and holds a few hundred keys at a time. What was copied before it failed or was aborted stays there, and
 * is not copied again.
 *
 * Nobody else uses the frontend meanwhile: of a tiered store that is open there is a method for that.
 *
 * @throws {SyncError} `NODE_MISSING` when a node is not there while its pointer stands, or when pointers
 * moved on before what they had reached was read, many times in a row.
 */
export async function walkSync(
  frontend: Store,
  backend: Store,
  options: WalkSyncOptions,
): Promise<WalkSyncProgress> {
  const began = await beginMark(frontend, backend);
  const progress = await walkInto(storeTarget(frontend, backend), options);
  if (began !== undefined) await endMark(frontend, backend, began);
  return progress;
}

/** Where a walk copies to. */
export interface WalkTarget {
  /** Read for nodes first. */
  readonly near: ReadableStore;
  readonly far: ReadableStore;
  /** Copies those of these nodes that it lacks, or all. */
  copy(keys: readonly Edn[], all: boolean): Promise<Fetched>;
  finish(pointers: readonly PointerStep[]): Promise<void>;
}

/** A store that nobody else uses. */
export function storeTarget(frontend: Store, backend: ReadableStore): WalkTarget {
  return {
    near: frontend,
    far: backend,
    async copy(keys, all) {
      const read = all ? keys : await lackingOf(frontend, keys);
      const entries = read.length === 0 ? [] : await backend.getMany(read, { encoded: true });
      const operations = entries.flatMap((entry) =>
        entry === undefined ? [] : [put(entry.key, entry.value, entry)],
      );
      if (operations.length > 0) await frontend.write(operations);
      return { read, absent: read.filter((_, at) => entries[at] === undefined) };
    },
    async finish(pointers) {
      if (pointers.length === 0) return;
      await frontend.write(pointers.map(({ key, value, meta }) => put(key, value, meta)));
    },
  };
}

/** The frontend of a store that is open. */
export function followerTarget(
  near: ReadableStore,
  far: ReadableStore,
  follower: Follower,
): WalkTarget {
  return {
    near,
    far,
    copy: (keys, all) => follower.fetchNodes(keys, all),
    // What they are now, which may be later than what was walked: nobody shows an older state again.
    finish: async (pointers) => void (await follower.reader.fetch(pointers.map(({ key }) => key))),
  };
}

export async function walkInto(
  target: WalkTarget,
  options: WalkSyncOptions,
): Promise<WalkSyncProgress> {
  let copied = 0;
  for (let attempt = 1; ; attempt++) {
    const view = new WalkView(target.near, target.far, options.walker);
    try {
      return await walkOnce(target, view, options, (count) => (copied += count));
    } catch (error) {
      // A garbage collection takes what an old pointer reached: then the new one is walked.
      const mayRepeat = isSyncError(error, "NODE_MISSING") && attempt < MAX_ATTEMPTS;
      if (!mayRepeat || !(await view.haveMoved())) throw error;
    }
  }
}

async function walkOnce(
  target: WalkTarget,
  view: WalkView,
  { walker, signal, onProgress }: WalkSyncOptions,
  count: (copied: number) => number,
): Promise<WalkSyncProgress> {
  let chunk: Edn[] = [];
  let reached = 0;
  let copied = 0;
  const copyChunk = async () => {
    signal?.throwIfAborted();
    const { read, absent } = await target.copy(chunk, view.recycles);
    reached += chunk.length;
    copied = count(read.length - absent.length);
    chunk = [];
    if (absent.length > 0) throw missing(absent);
    onProgress?.({ reached, copied });
  };
  const pointers: PointerStep[] = [];
  for await (const step of walker.walk(view, { signal })) {
    if (step.class === "pointer") pointers.push(step);
    else if (chunk.push(step.key) === CHUNK) await copyChunk();
  }
  await copyChunk();
  signal?.throwIfAborted();
  await target.finish(pointers);
  const progress = { reached: reached + pointers.length, copied: count(pointers.length) };
  onProgress?.(progress);
  return progress;
}

/** Nodes are read and written so many at a time. */
const CHUNK = 256;

/** A pointer that always moves on before what it reached is read has somebody behind it who deletes too soon. */
const MAX_ATTEMPTS = 16;

function missing(keys: readonly Edn[]): SyncError {
  return new SyncError("NODE_MISSING", "a node went while it was being copied", {
    details: { path: keys.slice(0, 1).map(identity) },
  });
}
