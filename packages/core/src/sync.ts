/** The application author's page: stores that are served, and stores that follow. */
import type { Edn, EdnMap, SyncError, Uuid } from "@datahike-sync/edn";
import type { Clock } from "./clock.ts";
import type { Codec } from "./codec.ts";
import type { Dialect } from "./dialect.ts";
import type { Cursor, FeedOperation, StepCursor } from "./feed.ts";
import type { SyncLimits } from "./options.ts";
import type { Plan } from "./protocol.ts";
import type { EntryMeta, ReadableStore, Store } from "./store.ts";
import type { Dialer, Transport, TransportServer } from "./transport.ts";
import type { OnWake } from "./wake.ts";
import type { Walker } from "./walker.ts";

/** Follows the stores of others in stores of one's own. */
export interface ReplicaContext extends AsyncDisposable {
  /**
   * Follows a store of the other side in a store of one's own. With a dialer it reconnects by itself;
   * with a transport it fails when that ends. Subscriptions with the same dialer share a line, and those
   * to the same store in the same store share everything.
   */
  subscribe(
    to: Dialer | Transport,
    storeId: Uuid,
    store: Store,
    options?: SubscribeOptions,
  ): Subscription;
  /** Everything that happens, for logs and measurements. Returns the function that stops it. */
  onEvent(listener: (event: SyncEvent) => void): () => void;
  stats(): ReplicaContextStats;
  /** Ends subscriptions and lines, waits for their writes. Stores stay open. */
  close(): Promise<void>;
}

/** One process's part in replication: the stores it serves and those in which it follows others. */
export interface SyncContext extends ReplicaContext {
  /**
   * Offers a store to those who subscribe to the id of its configuration, or to that id itself. A store
   * without a feed needs a walker.
   *
   * @throws {TypeError} when the id is registered, or the options do not fit the store.
   */
  registerStore(
    store: Store | ReadableStore,
    config: StoreConfig | Uuid,
    options?: RegisterOptions,
  ): Registration;
  /** Takes every line that the server hands out. Returns what stops it; lines that are open stay. */
  serve(server: TransportServer): () => void;
  /** Takes one line, as `serve` does. */
  accept(transport: Transport): void;
  stats(): ContextStats;
}

export type StoreConfig = EdnMap | Readonly<Record<string, unknown>>;

export interface SyncContextOptions {
  /** Of heads, keys and values on the wire; both ends of a line need one of the same name. */
  readonly codec: Codec;
  readonly limits?: Partial<SyncLimits> | undefined;
  /** Default: the native one. */
  readonly dialect?: Dialect | undefined;
  /** Default: the platform's. */
  readonly clock?: Clock | undefined;
  /** At least 0, below 1: spreads what many would do at once. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** When to dial again without waiting any longer. Default: when a page comes online or into view. */
  readonly onWake?: OnWake | undefined;
}

export interface RegisterOptions {
  /** Finds what pointers reach: then that is what is replicated. */
  readonly walker?: Walker | undefined;
  /** Without a walker: what is replicated. Needs {@link RegisterOptions.selection}. */
  readonly filter?: Filter | undefined;
  /** What the filter is told of somebody. Who gets equal answers shares what is read and encoded. */
  readonly selection?: ((about: { readonly principal: unknown }) => Edn) | undefined;
  /** Default: whoever has a line may subscribe. */
  readonly authorize?: Authorize | undefined;
}

/**
 * Whether an entry is for those with a selection, or with `undefined`, that its key is gone. Pure: rights
 * are looked up where the selection is named, and when they change, `refresh` asks for it again. Of an
 * entry that does not pass, which may have passed before, they are told the same if that passes.
 */
export type Filter = (
  key: Edn,
  value: Edn | undefined,
  about: { readonly meta: EntryMeta; readonly selection: Edn },
) => boolean;

/** Whether somebody may do something; with a `select`, no more than that. What it throws is a no. */
export type Authorize = (
  request: AuthorizeRequest,
) => boolean | { readonly select: Edn } | Promise<boolean | { readonly select: Edn }>;

export interface AuthorizeRequest {
  readonly principal: unknown;
  readonly storeId: Uuid;
  /** `"relay"`: to subscribe to a store that is itself a replica. */
  readonly operation: "subscribe" | "relay";
  /** What the replica asks its walker for. */
  readonly select: Edn;
}

export interface Registration {
  readonly storeId: Uuid;
  /** Asks `authorize` and `selection` again for every subscriber: rights have changed. */
  refresh(): void;
  /** Serves the store no longer. Subscribers are told that there is none. */
  unregister(): void;
}

export interface SubscribeOptions extends SubscriptionListeners {
  /** Options for the primary's walker; it says which there are. Default `null`: everything. */
  readonly select?: Edn | undefined;
  /** For `prune`: what this store's pointers reach. */
  readonly walker?: Walker | undefined;
  /** What becomes of nodes that no pointer reaches any more. Default `"never"`. */
  readonly prune?: "unreachable" | "never" | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** Each is called synchronously; what it throws is thrown again on its own. */
export interface SubscriptionListeners {
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  readonly onStatus?: ((status: SyncStatus) => void) | undefined;
  /** What went wrong, also where it is tried again. */
  readonly onError?: ((error: SyncError) => void) | undefined;
  /** Once for each `synced`: a first step, or one after a reconnect, is durable. */
  readonly onComplete?: ((cursor: StepCursor) => void) | undefined;
  /**
   * Once for each step, when it is durable: what it changed here, nodes left out. Steps that wait are
   * told as one; what another opener of the store applied, or what is too much for one commit, as several.
   */
  readonly onStep?: ((step: SyncStep) => void) | undefined;
}

/** A store that follows another. */
export interface Subscription extends AsyncDisposable {
  readonly storeId: Uuid;
  readonly status: SyncStatus;
  /** Calls back for one key, once per step, when it is durable. Returns the stop function. */
  onKey(key: Edn, listener: (change: KeyChange) => void): () => void;
  /** Adds listeners. Returns the function that takes them off. */
  on(listeners: SubscriptionListeners): () => void;
  /**
   * Resolves when a step of the present line is complete and durable, with its cursor.
   *
   * @throws {SyncError} what the subscription failed with; `ABORTED` when it was closed.
   */
  synced(options?: { readonly signal?: AbortSignal | undefined }): Promise<StepCursor>;
  /**
   * Resolves when this store has what a commit of the primary, or of the store that it relays, brought:
   * read your writes.
   *
   * @throws {SyncError} As {@link Subscription.synced}.
   */
  awaitCursor(
    cursor: Cursor,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Compares everything with the primary, changing nothing. Costs a read of both sides. */
  verify(): Promise<Verification>;
  /** As `verify`, and makes this store what the primary is. */
  repair(): Promise<Verification>;
  /** Deletes nodes that no pointer reaches. Needs a walker. Resolves to how many. */
  prune(): Promise<number>;
  stats(): SubscriptionStats;
  /** Ends it and waits for its writes. What it brought stays, and so does where it stands. */
  close(): Promise<void>;
}

export interface SyncStatus {
  readonly phase: "connecting" | "syncing" | "live" | "offline" | "failed" | "closed";
  /** Whether what the store shows is a state that the primary had. */
  readonly consistent: boolean;
  readonly cursor: StepCursor | undefined;
  /** Commits of the primary that are not here, as far as is known. */
  readonly lag: number;
  /** Entries that sync did not touch because this store wrote them for itself. */
  readonly skipped: number;
  /** Of the phases `offline` and `failed`. */
  readonly error: SyncError | undefined;
}

export interface SyncProgress {
  /** Entries of this step. */
  readonly received: number;
  readonly receivedBytes: number;
  /** About how many that will be: known of the first step of a store with a walker. */
  readonly total: number | undefined;
}

export interface SyncStep {
  readonly cursor: StepCursor;
  /** Values as they came, encoded. Without nodes. */
  readonly operations: readonly FeedOperation[];
}

/** What became of a key: its value, or `undefined` when it is gone. */
export interface KeyChange {
  readonly key: Edn;
  readonly value: Edn | undefined;
  readonly cursor: StepCursor;
}

export interface Verification {
  /** Entries that were compared. */
  readonly entries: number;
  /** Entries that the primary has and this store had not. */
  readonly missing: number;
  /** Entries that were there with another value. */
  readonly different: number;
  /** Entries that this store had of the primary, and the primary has not. */
  readonly extra: number;
}

export interface SubscriptionStats {
  readonly batches: number;
  readonly operations: number;
  readonly bytes: number;
  readonly steps: number;
  readonly commits: number;
  readonly resyncs: number;
  readonly reconnects: number;
}

export interface ReplicaContextStats {
  readonly subscriptions: number;
}

export interface ContextStats extends ReplicaContextStats {
  /** On which others follow. */
  readonly lines: number;
  readonly subscribers: number;
  /** Subscribers that catch up: never more than `maxCatchingUp`. */
  readonly catchingUp: number;
  /** Bodies that were encoded, whoever they were sent to. */
  readonly encodedBodies: number;
  readonly sentBytes: number;
}

/** What happened. `storeId` and `id` say to which subscription. */
export type SyncEvent =
  | { readonly type: "line-opened"; readonly role: "primary" | "replica" }
  | {
      readonly type: "line-closed";
      readonly role: "primary" | "replica";
      readonly error: SyncError | undefined;
    }
  | { readonly type: "subscribed"; readonly storeId: Uuid; readonly plan: Plan }
  | { readonly type: "catching-up"; readonly storeId: Uuid; readonly plan: Plan }
  | { readonly type: "live"; readonly storeId: Uuid; readonly cursor: StepCursor }
  | { readonly type: "resync"; readonly storeId: Uuid; readonly reason: string }
  | { readonly type: "pinned-again"; readonly storeId: Uuid }
  | { readonly type: "recycled"; readonly storeId: Uuid }
  | { readonly type: "step"; readonly storeId: Uuid; readonly cursor: StepCursor }
  | { readonly type: "cursor-moved"; readonly storeId: Uuid }
  | { readonly type: "key-is-local"; readonly storeId: Uuid; readonly key: Edn }
  | { readonly type: "refused"; readonly storeId: Uuid; readonly error: SyncError }
  | { readonly type: "failed"; readonly storeId: Uuid; readonly error: SyncError }
  | { readonly type: "pruned"; readonly storeId: Uuid; readonly nodes: number }
  /** A fault of this software, where nobody waited to be told. */
  | { readonly type: "fault"; readonly error: SyncError };
