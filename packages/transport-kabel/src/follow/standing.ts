/** Where the store stands, and the only way to write for the subscription. */
import {
  isSyncError,
  type Operation,
  type Standing,
  type StepCursor,
  type Store,
  SyncError,
  type WriteResult,
} from "@datahike-sync/core";
import { randomUuid, type Uuid } from "@datahike-sync/edn";

type NextStanding = Omit<Standing, "revision">;

/**
 * Servers of these dialects number nothing. So the cursor counts the steps that this store made, in an
 * era of its own, which no primary of our wire takes for its own history.
 */
export class StandingKeeper {
  readonly #store: Store;
  readonly #storeId: Uuid;
  #standing: Standing = NOTHING;
  #hasOthersStep = false;

  constructor(store: Store, storeId: Uuid) {
    this.#store = store;
    this.#storeId = storeId;
  }

  /** After the last complete step; `undefined` before the first. */
  get cursor(): StepCursor | undefined {
    return this.#standing.tokens === TOKENS ? this.#standing.cursor : undefined;
  }

  /** Whether what the store shows is the end of a step. */
  get isWhole(): boolean {
    return this.cursor !== undefined && this.#standing.position === undefined;
  }

  async read(): Promise<void> {
    this.#standing = (await this.#store.standing(this.#storeId)) ?? NOTHING;
    this.#hasOthersStep = false;
  }

  /** Stores nodes, which are the same whoever brings them, or deletes some that nothing reaches. */
  nodes(operations: readonly Operation[]): Promise<WriteResult> {
    return this.#insist(operations, () => {
      const { position } = this.#standing;
      const now = { cursor: this.cursor, tokens: TOKENS };
      return position === PARTIAL ? { ...now, position } : now;
    });
  }

  /** Shows plain cells of a step that is not complete. */
  part(operations: readonly Operation[]): Promise<WriteResult> {
    return this.#insist(operations, () => ({
      cursor: this.cursor,
      tokens: TOKENS,
      position: PARTIAL,
    }));
  }

  /**
   * Shows a step, durably, and moves the cursor.
   *
   * @throws {SyncError} `CURSOR_MOVED` when another opener has made one since the last `read`.
   */
  async step(operations: readonly Operation[]): Promise<WriteResult> {
    const next = () => ({ cursor: following(this.cursor), tokens: TOKENS });
    return this.#insist(operations, next, true);
  }

  /** Writes again when another opener was quicker; a step only while that has stored nodes alone. */
  async #insist(
    operations: readonly Operation[],
    next: () => NextStanding,
    isStep = false,
  ): Promise<WriteResult> {
    for (;;) {
      if (isStep && this.#hasOthersStep) throw othersStep();
      const { revision } = this.#standing;
      const now = next();
      const standing = { storeId: this.#storeId, was: revision, now };
      try {
        const result = await this.#store.write(operations, { standing, barrier: isStep });
        this.#standing = { ...now, revision: revision + 1 };
        return result;
      } catch (error) {
        if (!isSyncError(error, "CURSOR_MOVED")) throw error;
        await this.#reread();
      }
    }
  }

  async #reread(): Promise<void> {
    const { cursor } = this;
    this.#standing = (await this.#store.standing(this.#storeId)) ?? NOTHING;
    const isSame = cursor?.era === this.cursor?.era && cursor?.seq === this.cursor?.seq;
    this.#hasOthersStep ||= !isSame;
  }
}

const NOTHING: Standing = { revision: 0 };

/** In place of the tokens of our own wire: says whose cursor it is. */
const TOKENS = "kabel";
/** In place of a position: what is shown is a part of a step. */
const PARTIAL = "partial";

function following(cursor: StepCursor | undefined): StepCursor {
  if (cursor !== undefined) return { era: cursor.era, seq: cursor.seq + 1 };
  return { era: randomUuid().toString().replaceAll("-", ""), seq: 1 };
}

function othersStep(): Error {
  return new SyncError("CURSOR_MOVED", "another opener of this store has made a step");
}
