/** A fast frontend before a durable backend, as one store. */
import type { EntryMeta, ReadableStore, Store, Walker } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { BackedStore } from "./backed-store.ts";
import { Follower } from "./follower.ts";
import { NodeCopies } from "./node-copies.ts";
import { OverlayStore } from "./overlay-store.ts";
import type { WalkSyncOptions, WalkSyncProgress } from "./walk-sync.ts";
import { WriteBehind } from "./write-behind.ts";

/**
 * - `"write-through"`: into the backend, then into the frontend; resolves when both have it.
 * - `"write-behind"`: resolves before the backend has it, and shows it from then on.
 * - `"write-around"`: into the backend; the frontend forgets what it had.
 * - `"frontend-only"`: into the frontend; the backend is somebody else's.
 */
export type WritePolicy = BackedOptions["writePolicy"] | OverlayOptions["writePolicy"];

/**
 * - `"frontend-first"`: what the frontend does not have is read from the backend, and kept.
 * - `"frontend-only"`: the frontend has everything; what it does not have is not there.
 */
export type ReadPolicy = "frontend-first" | "frontend-only";

/**
 * What is done when the store is opened, before that resolves.
 *
 * - `"missing"`: what the frontend lacks is copied into it.
 * - `"full"`: everything in the frontend is removed, then everything is copied into it.
 */
export type SyncStrategy = "missing" | "full";

/** What a failure that no call reports means. */
export interface TierFailure {
  /** Without its `"frontend"` the store is only slow; the `"backend"` has refused what was accepted. */
  readonly tier: "frontend" | "backend";
  /** How many commits were accepted and will never be made; 0 of a frontend. */
  readonly lost: number;
}

export type TieredStoreOptions = BackedOptions | OverlayOptions;

interface CommonOptions {
  /** Default `"frontend-first"`. */
  readonly readPolicy?: ReadPolicy | undefined;
  /** Default: nothing. `frontend-only` reads of a backend that is written to need at least `"missing"`. */
  readonly syncOnConnect?: SyncStrategy | undefined;
  /**
   * Says which entries never get another value, beside those that are marked immutable. Default: none.
   * Where others may write to the backend too, these are all that the frontend keeps.
   */
  readonly walker?: Pick<Walker, "classify"> | undefined;
  /** Told of every failure that no call reports. Default: nobody. */
  readonly onError?: ((error: unknown, failure: TierFailure) => void) | undefined;
}

/** Of a store whose truth is its backend. */
export interface BackedOptions extends CommonOptions {
  /** Belongs to this store alone: what is not known to be of the backend is removed. */
  readonly frontend: Store;
  /** Gives values encoded. */
  readonly backend: Store;
  /** Default `"write-through"`. */
  readonly writePolicy?: "write-through" | "write-behind" | "write-around" | undefined;
  /** How many operations may be accepted before the backend has them. Default 4,096. */
  readonly maxBehind?: number | undefined;
}

/** Of a store whose frontend lies over a backend that it only reads. */
export interface OverlayOptions extends CommonOptions {
  readonly frontend: Store;
  /** Gives values encoded. */
  readonly backend: ReadableStore;
  readonly writePolicy: "frontend-only";
}

/** What holds unless options say otherwise. */
export const TIERED_STORE_DEFAULTS: { readonly maxBehind: number } = { maxBehind: 4096 };

/** A {@link Store} of two. */
export interface TieredStore extends Store {
  /**
   * Resolves when all that was written is in both stores, and on the disk of those that have one.
   *
   * @throws What a write failed with that had been accepted, once; unless a later write has thrown it.
   * Nothing that was asked for behind it is written either.
   */
  flush(): Promise<void>;
  /** As the function of that name, while the store is in use. */
  walkSync(options: WalkSyncOptions): Promise<WalkSyncProgress>;
}

export const TieredStore: {
  /**
   * Makes one store of two, which belong to it from now on. If that fails they stay open.
   *
   * @throws {TypeError} for policies that make no sense together.
   */
  open(options: TieredStoreOptions): Promise<TieredStore>;
} = {
  open: (options) =>
    options.writePolicy === "frontend-only" ? openOverlay(options) : openBacked(options),
};

async function openBacked(options: BackedOptions): Promise<TieredStore> {
  const { backend, writePolicy = "write-through", readPolicy = "frontend-first" } = options;
  const { syncOnConnect, maxBehind = TIERED_STORE_DEFAULTS.maxBehind, onError } = options;
  const isWhole = readPolicy === "frontend-only";
  if (isWhole && writePolicy === "write-around") {
    throw new TypeError("what is written around a frontend is not read from it alone");
  }
  if (isWhole && !backend.capabilities.feed) {
    throw new TypeError("a backend without a feed does not tell what a frontend lacks");
  }
  if (!(maxBehind >= 1)) throw new RangeError("maxBehind is at least 1");
  const { frontend } = options;
  const follower = await Follower.open({
    frontend,
    backend,
    isWhole,
    isNode: nodesOf(options),
    takesCommits: writePolicy !== "write-around",
    onFailure: (error) => onError?.(error, { tier: "frontend", lost: 0 }),
  });
  try {
    if (syncOnConnect === "full") await follower.clear();
    // One that has to have everything has been filled already.
    if (syncOnConnect === "full" || (syncOnConnect === "missing" && !isWhole)) {
      await follower.populate();
    }
  } catch (error) {
    await follower.close();
    throw error;
  }
  const onLost = (error: unknown, lost: number) => onError?.(error, { tier: "backend", lost });
  const behind =
    writePolicy === "write-behind" ? new WriteBehind({ backend, maxBehind, onLost }) : undefined;
  return new BackedStore({ frontend, backend, follower, behind });
}

async function openOverlay(options: OverlayOptions): Promise<TieredStore> {
  const { frontend, backend, readPolicy = "frontend-first", syncOnConnect, onError } = options;
  const copies = new NodeCopies({
    frontend,
    backend,
    isNode: nodesOf(options),
    onFailure: (error) => onError?.(error, { tier: "frontend", lost: 0 }),
  });
  if (syncOnConnect !== undefined) await copies.populate(syncOnConnect === "full");
  const readsBackend = readPolicy === "frontend-first";
  return new OverlayStore({ frontend, backend, readsBackend, copies });
}

function nodesOf({ walker }: CommonOptions): (key: Edn, meta: EntryMeta) => boolean {
  return (key, meta) => meta.immutable || walker?.classify(key, meta) === "node";
}
