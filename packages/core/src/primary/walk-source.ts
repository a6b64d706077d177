/** What the plan under a walker needs of a store, whether it has a feed or not. */
import { type Edn, isSyncError } from "@datahike-sync/edn";
import type { Cursor, StepCursor } from "../feed.ts";
import type { EncodedEntry, ReadableStore, Store } from "../store.ts";
import { cursorAt } from "./era.ts";
import type { StoreWatch } from "./store-watch.ts";

export interface WalkSource {
  readonly store: ReadableStore;
  /** Where the store stands. */
  cursor(): Promise<Cursor>;
  /** Resolves when what the store shows may be sent on. */
  untilWhole(signal: AbortSignal): Promise<void>;
  /** One read of entries, and of when it was. */
  readMany(keys: readonly Edn[]): Promise<{
    readonly entries: readonly (EncodedEntry | undefined)[];
    readonly last: number;
  }>;
  /** The cursor of a read; `undefined` when the store was not whole then. */
  cursorAt(last: number, signal: AbortSignal): Promise<StepCursor | undefined>;
  /**
   * Whether nothing that the predicate names was set or deleted since a read. A store that cannot tell
   * says `undefined`.
   */
  isUntouched(since: number, isMeant: (key: Edn) => boolean): Promise<boolean | undefined>;
  /** Calls back when pointers may have moved. Returns the stop function. */
  listen(onChange: () => void, onFailure: (error: unknown) => void): () => void;
  stop(): void;
}

/** A store that tells what it commits. */
export class FedSource implements WalkSource {
  readonly store: Store;
  readonly #watch: StoreWatch;

  constructor(store: Store, watch: StoreWatch) {
    this.store = store;
    this.#watch = watch;
  }

  async cursor(): Promise<Cursor> {
    const { eras, last } = await this.store.feed();
    return { era: eras.at(-1)?.id ?? "", seq: last };
  }

  untilWhole(signal: AbortSignal): Promise<void> {
    return this.#watch.untilWhole(signal);
  }

  readMany(keys: readonly Edn[]): ReturnType<Store["readMany"]> {
    return this.store.readMany(keys);
  }

  async cursorAt(last: number, signal: AbortSignal): Promise<StepCursor | undefined> {
    const whole = await this.#watch.wholeAt(last, signal);
    if (whole === undefined) return undefined;
    return { ...(await cursorAt(this.store, last)), origin: whole.origin };
  }

  async isUntouched(since: number, isMeant: (key: Edn) => boolean): Promise<boolean> {
    let after = { seq: since, place: Number.POSITIVE_INFINITY };
    try {
      for (;;) {
        const { rows, done } = await this.store.changes(after, { since });
        // A tombstone too: what is gone may have been replaced, and read, before it went.
        if (rows.some(({ operation: { key } }) => isMeant(key))) return false;
        const row = rows.at(-1);
        if (done || row === undefined) return true;
        after = { seq: row.seq, place: row.place };
      }
    } catch (error) {
      // Tombstones are forgotten, so it cannot be told.
      if (isSyncError(error, "FEED_TRUNCATED")) return false;
      throw error;
    }
  }

  listen(onChange: () => void, onFailure: (error: unknown) => void): () => void {
    return this.#watch.listen({ onMove: onChange, onForeign: onChange, onFailure });
  }

  stop(): void {
    this.#watch.stop();
  }
}
