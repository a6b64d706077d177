/** What the parts of a follower share. */
import { type Edn, identity, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Environment } from "../environment.ts";
import type { Cursor, StepCursor } from "../feed.ts";
import type { Store } from "../store.ts";
import type { SubscriptionStats } from "../sync.ts";
import type { Walker } from "../walker.ts";
import { FollowerListeners } from "./follower-listeners.ts";
import { StandingKeeper } from "./standing-keeper.ts";

export class Following {
  readonly storeId: Uuid;
  readonly store: Store;
  readonly environment: Environment;
  readonly keeper: StandingKeeper;
  readonly listeners: FollowerListeners = new FollowerListeners();
  readonly counts: Counts = new Counts();
  readonly #skipped = new Set<string>();
  /** Finds what the pointers of this store reach, where somebody said how. */
  walker: Walker | undefined;
  /** Whether nodes that no pointer reaches are deleted without being asked. */
  isPruning = false;
  /** Whether there may be nodes that no pointer has ever reached here. */
  hasLeftovers = false;
  /** Whether something is shown that belongs to a step that is not whole, so that nobody was told. */
  hasUntold = false;
  #known: Cursor | undefined;
  #told: Told = { cursor: undefined, seq: 0 };

  constructor(storeId: Uuid, store: Store, environment: Environment) {
    this.storeId = storeId;
    this.store = store;
    this.environment = environment;
    this.keeper = new StandingKeeper(store, storeId);
  }

  /** How many commits of the primary are not here, as far as is known. */
  get lag(): number {
    const { cursor } = this.keeper.standing;
    if (this.#known === undefined) return 0;
    // Of another era nothing can be said but that all of it is to come.
    const here = cursor?.era === this.#known.era ? cursor.seq : 0;
    return Math.max(0, this.#known.seq - here);
  }

  /** The primary has come at least this far. */
  heardOf({ era, seq }: Cursor): void {
    if (this.#known?.era !== era || this.#known.seq < seq) this.#known = { era, seq };
  }

  /** Reads where the store stands. What it shows now, listeners do not have to be told. */
  async begin(): Promise<void> {
    // In this order: what another opener does between the two is told twice rather than never.
    const { last } = await this.store.feed();
    const { cursor } = await this.keeper.read();
    this.#told = { cursor, seq: last };
  }

  /** How far listeners know what has changed. */
  get told(): Told {
    return this.#told;
  }

  /** Listeners know of everything up to a step, which was the commit `seq` of this store, if any. */
  toldOf(cursor: StepCursor | undefined, seq: number = this.#told.seq): void {
    this.#told = { cursor, seq };
  }

  /** How many keys sync did not touch. */
  get skipped(): number {
    return this.#skipped.size;
  }

  /** Tells of keys that sync did not touch, of each once. */
  skip(keys: readonly Edn[]): void {
    for (const key of keys) {
      const id = identity(key);
      if (this.#skipped.has(id)) continue;
      this.#skipped.add(id);
      this.environment.tell({ type: "key-is-local", storeId: this.storeId, key });
      this.listeners.errors.tell(
        new SyncError("KEY_IS_LOCAL", "sync met an entry that this store wrote for itself"),
      );
    }
  }
}

/** Where the store stood in its primary's feed, and in its own. */
export interface Told {
  readonly cursor: StepCursor | undefined;
  readonly seq: number;
}

/** What happened since the follower was made. */
export class Counts implements SubscriptionStats {
  batches = 0;
  operations = 0;
  bytes = 0;
  steps = 0;
  commits = 0;
  resyncs = 0;
  reconnects = 0;

  /** As they are now, whatever happens later. */
  get now(): SubscriptionStats {
    const { batches, operations, bytes, steps, commits, resyncs, reconnects } = this;
    return { batches, operations, bytes, steps, commits, resyncs, reconnects };
  }
}
