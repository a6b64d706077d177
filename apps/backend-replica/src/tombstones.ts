/** Forgets deletes once further replicas have had time to be told of them: they would take room for ever. */
import { isSyncError, type Store } from "@datahike-sync/core";

export interface TombstonesOptions {
  /** How long a further replica may be away and still be told by what has changed, in milliseconds. */
  readonly keepMs: number;
  /** Told of what the store threw: it is tried again the next time. */
  readonly onError: (error: unknown) => void;
}

/** A commit, and when it was the last. */
interface Mark {
  readonly atMs: number;
  readonly seq: number;
}

export class Tombstones {
  readonly #store: Store;
  readonly #options: TombstonesOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  /** The oldest first. */
  #marks: readonly Mark[] = [];
  #round: Promise<void> = Promise.resolve();

  constructor(store: Store, options: TombstonesOptions) {
    this.#store = store;
    this.#options = options;
    const everyMs = Math.min(MAX_EVERY_MS, Math.max(MIN_EVERY_MS, options.keepMs / MARKS));
    this.#timer = setInterval(() => {
      this.#round = this.#round.then(() => this.#look());
    }, everyMs);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  async #look(): Promise<void> {
    const now = performance.now();
    try {
      const { last } = await this.#store.feed();
      const isOld = ({ atMs }: Mark) => atMs <= now - this.#options.keepMs;
      const forgotten = this.#marks.findLast(isOld);
      if (forgotten !== undefined) await this.#store.compact(forgotten.seq);
      this.#marks = [...this.#marks.filter((mark) => !isOld(mark)), { atMs: now, seq: last }];
    } catch (error) {
      if (!isSyncError(error, "STORE_CLOSED")) this.#options.onError(error);
    }
  }
}

/** How finely the time is divided. */
const MARKS = 24;
const MIN_EVERY_MS = 1_000;
const MAX_EVERY_MS = 3_600_000;
