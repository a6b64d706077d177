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
import { type Edn, identity, randomUuid, type Uuid } from "@datahike-sync/edn";

type NextStanding = Omit<Standing, "revision">;

/**
 * Servers of these dialects number nothing. So the cursor counts the steps that this store made, in an
 * era of its own, which no primary of our wire takes for its own history.
 */
export class StandingKeeper {
  readonly #store: Store;
  readonly #storeId: Uuid;
  #standing: Standing = NOTHING;
  /** Whether another opener has shown something since the last `read`. */
  #hasMoved = false;

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
    return this.cursor !== undefined && this.#position === undefined;
  }

  /** Absent where all that is shown is the end of a step. */
  get #position(): Edn | undefined {
    return this.#standing.tokens === TOKENS ? this.#standing.position : undefined;
  }

  async read(): Promise<void> {
    this.#standing = (await this.#store.standing(this.#storeId)) ?? NOTHING;
    this.#hasMoved = false;
  }

  /** Stores nodes, which are the same whoever brings them, or deletes some that nothing reaches. */
  nodes(operations: readonly Operation[]): Promise<WriteResult> {
    const next = () => ({ cursor: this.cursor, tokens: TOKENS, position: this.#position });
    return this.#insist("nodes", operations, next);
  }

  /**
   * Shows plain cells of a step that is not complete.
   *
   * @throws {SyncError} `CURSOR_MOVED` as {@link StandingKeeper.step}.
   */
  part(operations: readonly Operation[]): Promise<WriteResult> {
    // Never the same twice: so another opener sees that something was shown.
    const position = randomUuid();
    return this.#insist("part", operations, () => ({
      cursor: this.cursor,
      tokens: TOKENS,
      position,
    }));
  }

  /**
   * Shows a step, durably, and moves the cursor.
   *
   * @throws {SyncError} `CURSOR_MOVED` when another opener has shown something since the last `read`.
   */
  step(operations: readonly Operation[]): Promise<WriteResult> {
    const next = () => ({ cursor: following(this.cursor), tokens: TOKENS });
    return this.#insist("step", operations, next);
  }

  /** Writes again when another opener was quicker; what shows only while that has stored nodes alone. */
  async #insist(
    what: "nodes" | "part" | "step",
    operations: readonly Operation[],
    next: () => NextStanding,
  ): Promise<WriteResult> {
    for (;;) {
      if (what !== "nodes" && this.#hasMoved) throw moved();
      const { revision } = this.#standing;
      const now = next();
      const standing = { storeId: this.#storeId, was: revision, now };
      try {
        const result = await this.#store.write(operations, {
          standing,
          barrier: what === "step",
        });
        this.#standing = { ...now, revision: revision + 1 };
        return result;
      } catch (error) {
        if (!isSyncError(error, "CURSOR_MOVED")) throw error;
        await this.reread();
      }
    }
  }

  /**
   * As `read`, but what another opener has shown is not forgotten: he may be ahead for long. Resolves to
   * whether he has shown something since.
   */
  async reread(): Promise<boolean> {
    const before = this.#shown;
    this.#standing = (await this.#store.standing(this.#storeId)) ?? NOTHING;
    const hasMoved = this.#shown !== before;
    this.#hasMoved ||= hasMoved;
    return hasMoved;
  }

  /** Another one whenever something was shown. */
  get #shown(): string {
    const { cursor } = this;
    return identity([cursor?.era ?? null, cursor?.seq ?? null, this.#position ?? null]);
  }
}

const NOTHING: Standing = { revision: 0 };

/** In place of the tokens of our own wire: says whose cursor it is. */
const TOKENS = "kabel";

function following(cursor: StepCursor | undefined): StepCursor {
  if (cursor !== undefined) return { era: cursor.era, seq: cursor.seq + 1 };
  return { era: randomUuid().toString().replaceAll("-", ""), seq: 1 };
}

function moved(): Error {
  return new SyncError("CURSOR_MOVED", "another opener of this store has shown something");
}
