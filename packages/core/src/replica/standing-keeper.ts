/** Where a store stands, as this opener knows it, and the only way to write for a subscription. */
import { isSyncError, type Uuid } from "@datahike-sync/edn";
import type { Upstream } from "../environment.ts";
import type { Standing, StepCursor } from "../feed.ts";
import { Listeners } from "../listeners.ts";
import { isSameCursor } from "../same-cursor.ts";
import type { Operation, Store, WriteResult } from "../store.ts";

/** A standing as it is written: the revision follows from the one before. */
export type NextStanding = Omit<Standing, "revision">;

const NOTHING: Standing = { revision: 0 };

/**
 * Reads a standing and replaces it, each time under the revision that was read: what another tab wrote
 * meanwhile is never overwritten. One write at a time.
 */
export class StandingKeeper implements Upstream {
  readonly #store: Store;
  readonly #storeId: Uuid;
  readonly #listeners = new Listeners<void>();
  #standing = NOTHING;
  #before = NOTHING;
  #foreign = 0;
  /** What the commit that is being made will make of it. A relay hears of that commit before `write` resolves. */
  #next: NextStanding = NOTHING;

  constructor(store: Store, storeId: Uuid) {
    this.#store = store;
    this.#storeId = storeId;
  }

  /** As last read or written; of revision 0 where there is none. */
  get standing(): Standing {
    return this.#standing;
  }

  /** What was known when it was read the last time: what it has moved from, if it has. */
  get before(): Standing {
    return this.#before;
  }

  /** How often it turned out that another opener had written. */
  get foreign(): number {
    return this.#foreign;
  }

  /**
   * Whether what the store durably shows is a state that the primary had. It is not from the moment on
   * that a commit is asked for which shows a part of one.
   */
  get isConsistent(): boolean {
    return isWhole(this.#standing) && isWhole(this.#next);
  }

  get isWhole(): boolean {
    return isWhole(this.#next);
  }

  get cursor(): StepCursor | undefined {
    return this.#next.cursor;
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async stored(): Promise<Pick<Upstream, "isWhole" | "cursor">> {
    const standing = (await this.#store.standing(this.#storeId)) ?? NOTHING;
    return { isWhole: isWhole(standing), cursor: standing.cursor };
  }

  async read(): Promise<Standing> {
    const now = (await this.#store.standing(this.#storeId)) ?? NOTHING;
    this.#before = this.#standing;
    if (now.revision !== this.#before.revision) this.#foreign++;
    this.#become(now);
    return this.#standing;
  }

  /**
   * Makes a commit of the subscription's, and `next` its standing.
   *
   * @throws {SyncError} as `Store.write`.
   */
  async write(
    operations: readonly Operation[],
    next: NextStanding,
    barrier = false,
  ): Promise<WriteResult> {
    const { revision } = this.#standing;
    const standing = { storeId: this.#storeId, was: revision, now: next };
    this.#next = next;
    try {
      const result = await this.#store.write(operations, { standing, barrier });
      this.#become({ ...next, revision: revision + 1 });
      return result;
    } catch (error) {
      this.#next = this.#standing;
      throw error;
    }
  }

  #become(standing: Standing): void {
    const before = this.#standing;
    this.#standing = standing;
    this.#next = standing;
    const isSame =
      isWhole(before) === isWhole(standing) && isSameCursor(before.cursor, standing.cursor);
    if (!isSame) this.#listeners.tell();
  }
}

/** Whether an error says that somebody else has written this standing. */
export function isMoved(error: unknown): boolean {
  return isSyncError(error, "CURSOR_MOVED");
}

/** Whether a store that stands at `cursor` has all that a commit at `wanted` brought. */
export function isAtOrBeyond(
  cursor: StepCursor | undefined,
  wanted: { readonly era: string; readonly seq: number },
): boolean {
  return cursor !== undefined && cursor.era === wanted.era && cursor.seq >= wanted.seq;
}

/** A step that takes several commits shows states in between until it is done. */
function isWhole({ cursor, doomed }: NextStanding): boolean {
  return cursor !== undefined && doomed === undefined;
}
