/** The commits that a step takes, and what it means that another opener was quicker. */
import { type Edn, equals, identity, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Commit, Cursor, FeedOperation, Standing, StepCursor } from "../feed.ts";
import { isSameCursor } from "../same-cursor.ts";
import type { Operation, WriteResult } from "../store.ts";
import type { WireDelete } from "../wire/operations.ts";
import { APPLYING, deleting, finishDoomed } from "./doomed.ts";
import type { Following } from "./following.ts";
import { KeptBack } from "./kept-back.ts";
import { tellFromFeed } from "./missed-steps.ts";
import type { KeptOperation, KeptSet } from "./stage-records.ts";
import { isAtOrBeyond, isMoved, type NextStanding } from "./standing-keeper.ts";
import type { StepApplierOptions } from "./step-applier.ts";

/** The ends of a step, or of several that follow each other. */
export interface Cut {
  /** Absent where the step is from wherever this store is: it holds what differs from what is here. */
  readonly from: Cursor | undefined;
  readonly to: StepCursor;
  /** What the primary calls the pointers that it shows. */
  readonly tokens: Edn | undefined;
}

/**
 * Every method throws `CURSOR_MOVED` when the step that is under way has to begin again, and otherwise
 * what `Store.write` throws. A step is *fragile* when it relies on what others may have removed when
 * they wrote: records in the stage, or nodes that no pointer reaches and no position protects.
 */
export class StepCommits {
  readonly #following: Following;
  readonly #options: StepApplierOptions;

  constructor(following: Following, options: StepApplierOptions) {
    this.#following = following;
    this.#options = options;
  }

  newKeptBack(): KeptBack {
    const { store, storeId, environment } = this.#following;
    // No two sessions of a stage have the same, whichever tab they are in.
    const tag = Math.floor(environment.random() * 2 ** 53);
    return new KeptBack(tag, store.stage(storeId), this.#options.codec);
  }

  /** Stores nodes and cells before their step is whole. */
  async store(
    sets: readonly KeptSet[],
    position: Edn | undefined,
    isFragile: boolean,
  ): Promise<void> {
    const next = () => {
      const { standing } = this.#following.keeper;
      return { ...standing, position: position ?? standing.position };
    };
    await this.#write(
      sets.map((set) => toOperation(set, set.op !== "node")),
      next,
      { isFragile },
    );
    if (sets.some(({ op }) => op !== "node")) this.#following.hasUntold = true;
  }

  /** Clears the stage of what others have left there. */
  async makeRoom(isFragile: boolean): Promise<void> {
    await this.touch(isFragile);
    await this.#following.store.stage(this.#following.storeId).clear();
  }

  /** Lets others know that this step is alive, and makes sure that they have not begun one. */
  async touch(isFragile: boolean): Promise<void> {
    await this.#write([], () => this.#following.keeper.standing, { isFragile });
  }

  /** Whether a step cannot be applied in one commit that also moves the cursor. */
  isTooMuch({ stagedRecords }: KeptBack): boolean {
    return stagedRecords > 0 || this.#following.store.capabilities.atomic === "prefix";
  }

  /**
   * Applies a step as one commit.
   *
   * @param nodes With them, of a first step, cells that came early.
   */
  async applyAtOnce(
    nodes: Iterable<KeptSet>,
    kept: KeptBack,
    cut: Cut,
    isFragile: boolean,
  ): Promise<void> {
    const sets = Array.from(nodes);
    const operations = sets.map((set) => toOperation(set, true));
    appendInOrder(operations, kept.inMemory.values());
    const options = { to: cut.to, isFragile };
    const made = await this.#observe(() =>
      this.#write(operations, () => this.#after(cut), options),
    );
    const early = sets.filter(({ op }) => op !== "node");
    const shown =
      early.length === 0
        ? kept.inMemory
        : new Map([...early.map((set) => [identity(set.key), set] as const), ...kept.inMemory]);
    await this.#tell(cut, made, shown);
  }

  /**
   * Applies a step that is too much for one commit, or in a store whose commits are not atomic: cells,
   * then pointers and cursor, then the deletes of nodes. Its nodes are stored, and what is in the stage
   * is all there.
   */
  async applyInParts(kept: KeptBack, cut: Cut): Promise<void> {
    const { store, storeId, keeper, environment } = this.#following;
    const { maxCommitBytes } = environment.limits;
    const isAtomic = store.capabilities.atomic === "commit";
    const isStaged = kept.stagedRecords > 0;
    const isDooming = kept.hasNodeDeletes && !(isAtomic && kept.stagedBytes <= maxCommitBytes);
    const last: KeptOperation[] = [];
    let some: KeptOperation[] = [];
    let bytes = 0;
    for await (const operation of isStaged ? kept.readStaged() : kept.inMemory.values()) {
      if (operation.op === "deleteNode" && isDooming) continue;
      // Shown when all cells are, so that the last commit is the one with the pointers.
      const isLast = operation.op === "pointer" || operation.op === "deleteNode";
      (isLast ? last : some).push(operation);
      if (isLast) continue;
      bytes += sizeOf(operation);
      if (bytes <= maxCommitBytes) continue;
      await this.#applyPart(some);
      some = [];
      bytes = 0;
    }
    some.push(...last);
    if (!isAtomic) {
      await this.#applyPart(some);
      some = [];
    }
    const doomed = isDooming ? deleting(kept.tag, kept.stagedRecords) : undefined;
    const next = () => ({ ...this.#after(cut), doomed });
    const operations = appendInOrder([], some);
    const options = { to: cut.to, isFragile: true };
    const made = await this.#observe(() => this.#write(operations, next, options));
    if (made !== undefined) {
      if (isDooming) await finishDoomed(store, storeId, keeper, this.#options.codec);
      else if (isStaged) await store.stage(storeId).clear();
    }
    const ids = new Map(some.map((operation) => [identity(operation.key), operation]));
    await this.#tell(cut, made, ids);
  }

  /**
   * For a step that does not continue what is here: whether another opener has applied it already. Then
   * the position that its nodes were stored with protects nothing any more.
   */
  async checkApplied(kept: KeptBack, cut: Cut, position: Edn | undefined): Promise<void> {
    await this.#afterMove({ to: cut.to, isFragile: true });
    const { keeper } = this.#following;
    const stored = keeper.standing.position;
    if (stored !== undefined && position !== undefined && equals(stored, position)) {
      // Where somebody else writes first, this is not retried unless the standing says the same.
      const next = () => ({ ...keeper.standing, position: undefined });
      await this.#write([], next, { isFragile: false });
    }
    if (kept.stagedRecords > 0) this.#following.hasUntold = true;
    await this.#tell(cut, undefined, kept.inMemory);
  }

  /** Applies cells of a step that is not whole yet. */
  async #applyPart(some: readonly KeptOperation[]): Promise<void> {
    const next = () => ({ ...this.#following.keeper.standing, doomed: APPLYING });
    await this.#write(appendInOrder([], some), next, { isFragile: true });
    this.#following.hasUntold = true;
  }

  #after({ to, tokens }: Cut): NextStanding {
    return { cursor: to, selection: this.#options.selection, tokens };
  }

  /** Resolves to `undefined` when another opener has brought the store to `to`, or beyond. */
  async #write(
    operations: readonly Operation[],
    next: () => NextStanding,
    options: MoveOptions,
  ): Promise<WriteResult | undefined> {
    const { keeper, counts } = this.#following;
    for (;;) {
      try {
        // What moves the cursor is said to be durable.
        const result = await keeper.write(operations, next(), options.to !== undefined);
        counts.commits++;
        if (result.skipped.length > 0) this.#following.skip(result.skipped);
        return result;
      } catch (error) {
        if (!isMoved(error)) throw error;
        if ((await this.#afterMove(options)) === "applied") return undefined;
      }
    }
  }

  async #afterMove({ to, isFragile }: MoveOptions): Promise<"applied" | "unchanged"> {
    const { keeper, storeId, environment } = this.#following;
    const before = keeper.standing;
    const now = await keeper.read();
    environment.tell({ type: "cursor-moved", storeId });
    // While a step of another is not done, nothing may be written over it.
    const isThere = now.doomed === undefined && to !== undefined && isAtOrBeyond(now.cursor, to);
    // By one that may see something else it was not this step.
    if (isThere && isSameId(now.selection, this.#options.selection)) return "applied";
    if (!isFragile && isSameStanding(before, now)) return "unchanged";
    throw new SyncError("CURSOR_MOVED", "another opener has moved this subscription meanwhile");
  }

  /** What a write changed, as far as anybody wants to know. */
  async #observe(write: () => Promise<WriteResult | undefined>): Promise<Made | undefined> {
    const { store, listeners } = this.#following;
    const commits: Commit[] = [];
    const stop = listeners.wantSteps
      ? store.onCommit((commit) => commits.push(commit))
      : () => undefined;
    try {
      const result = await write();
      if (result === undefined) return undefined;
      const seq = result.cursor?.seq;
      const commit = commits.find(({ cursor }) => cursor.seq === seq);
      return { seq, operations: commit?.operations ?? [] };
    } finally {
      stop();
    }
  }

  /**
   * @param made What the commit changed; `undefined` where another opener has made it.
   * @param kept What the primary sent.
   */
  async #tell(
    { from, to }: Cut,
    made: Made | undefined,
    kept: ReadonlyMap<string, KeptOperation>,
  ): Promise<void> {
    const { listeners, environment, storeId, told } = this.#following;
    // What another opener made of it can be told from what was sent, if that begins where listeners are.
    const isSent = from !== undefined && isSameCursor(from, told.cursor);
    if (this.#following.hasUntold || (made === undefined && !isSent)) {
      await tellFromFeed(this.#following);
      this.#following.hasUntold = false;
    } else {
      this.#following.toldOf(to, made?.seq);
      if (listeners.wantSteps) {
        const operations =
          made === undefined ? factsOf(kept, storeId) : within(made.operations, kept);
        listeners.tellStep({ cursor: to, operations });
      }
    }
    environment.tell({ type: "step", storeId, cursor: to });
  }
}

/** A commit that was made. */
interface Made {
  /** Its number in this store's feed; absent where it changed nothing. */
  readonly seq: number | undefined;
  readonly operations: readonly FeedOperation[];
}

interface MoveOptions {
  /** The cursor that the commit brings. */
  readonly to?: StepCursor | undefined;
  readonly isFragile: boolean;
}

/** Of the objects that an operation is, beside its value. */
const OPERATION_BYTES = 128;

function sizeOf(operation: KeptOperation): number {
  return OPERATION_BYTES + ("value" in operation ? operation.value.bytes.length : 0);
}

/** @param rewrite Whether it may replace an immutable entry: at the cut the primary's word counts. */
function toOperation(
  { key, type, immutable, lastWrite, value }: KeptSet,
  rewrite: boolean,
): Operation {
  return { op: "set", key, value, type, immutable, lastWrite, rewrite };
}

/** Appends cells, then pointers, then deletes: in a store that stops halfway nothing is missed. */
function appendInOrder(operations: Operation[], kept: Iterable<KeptOperation>): Operation[] {
  const pointers: KeptSet[] = [];
  const deletes: WireDelete[] = [];
  for (const operation of kept) {
    if (!("value" in operation)) deletes.push(operation);
    else if (operation.op === "pointer") pointers.push(operation);
    else operations.push(toOperation(operation, true));
  }
  for (const pointer of pointers) operations.push(toOperation(pointer, true));
  for (const { key } of deletes) operations.push({ op: "delete", key });
  return operations;
}

/** Those of a commit's operations that were kept back and are no nodes. */
function within(
  operations: readonly FeedOperation[],
  kept: ReadonlyMap<string, KeptOperation>,
): FeedOperation[] {
  return operations.filter(({ key }) => {
    const of = kept.get(identity(key))?.op;
    return of !== undefined && of !== "node" && of !== "deleteNode";
  });
}

function factsOf(kept: ReadonlyMap<string, KeptOperation>, origin: Uuid): FeedOperation[] {
  const shown = Array.from(kept.values()).filter(({ op }) => op !== "node" && op !== "deleteNode");
  return shown.map((operation) => toFact(operation, origin));
}

function toFact(operation: KeptOperation, origin: Uuid): FeedOperation {
  const { key, type, immutable, lastWrite } = operation;
  const meta = { key, type, immutable, lastWrite, origin };
  return "value" in operation
    ? { op: "set", ...meta, value: operation.value }
    : { op: "delete", ...meta };
}

function isSameStanding(a: Standing, b: Standing): boolean {
  const isSamePosition =
    a.position === undefined || b.position === undefined
      ? a.position === b.position
      : equals(a.position, b.position);
  const isSameStep = isSameCursor(a.cursor, b.cursor) && isSameId(a.selection, b.selection);
  return isSameStep && isSamePosition && a.doomed === b.doomed;
}

function isSameId(a: Uuid | undefined, b: Uuid | undefined): boolean {
  return a?.identity === b?.identity;
}
