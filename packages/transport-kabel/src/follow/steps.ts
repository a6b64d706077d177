/** What came of a store, kept back until it is a step, and shown as one. */
import {
  type DeleteOperation,
  isSyncError,
  type Operation,
  type PointerState,
  type StepCursor,
  type Store,
  SyncError,
  type Walker,
} from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import type { StoreChange } from "../store-changes.ts";
import { Gate, UNKNOWN } from "./gate.ts";
import type { Handshake } from "./handshake.ts";
import { isShown } from "./is-shown.ts";
import { KeptBack } from "./kept.ts";
import { NodeWriter } from "./node-writer.ts";
import { staleHeads } from "./stale-heads.ts";
import type { StandingKeeper } from "./standing.ts";

export interface StepsOptions {
  readonly store: Store;
  readonly walker: Walker | undefined;
  readonly keeper: StandingKeeper;
  readonly maxKeptBytes: number;
  readonly signal: AbortSignal;
  readonly onSkipped: (keys: readonly Edn[]) => void;
}

/** A step that is durable. */
export interface ShownStep {
  readonly cursor: StepCursor | undefined;
  readonly operations: readonly Operation[];
  /** Of the step that ends a handshake: cells of this subscription that it did not mention. */
  readonly unconfirmed: number | undefined;
  /** Whether what is shown is a state that the server had. */
  readonly isConsistent: boolean;
}

export class Steps {
  readonly nodes: NodeWriter;
  readonly kept: KeptBack = new KeptBack();
  readonly #options: StepsOptions;
  readonly #gate: Gate | undefined;
  /** By identity: the key that has to come before it is worth looking again. */
  #missing: string | undefined;
  /** Whether cells of a step that is not complete are shown. */
  #isUnderWay = false;

  constructor(options: StepsOptions) {
    this.#options = options;
    this.#gate = options.walker && new Gate(options.store, options.walker, options.signal);
    this.nodes = new NodeWriter(options);
  }

  /** Begins with a handshake: what is stored is stored, what is kept back stays, and nothing is known to be missing. */
  async begin(): Promise<void> {
    this.#missing = undefined;
    await this.nodes.flush();
    await this.#options.keeper.read();
    this.nodes.recycled = this.#isRecycled((await this.#gate?.shown()) ?? []);
  }

  /** Whether there is nothing to be shown, nor to be said of what is. */
  get isIdle(): boolean {
    return this.kept.isEmpty && !this.#isUnderWay;
  }

  /** Takes a change if it is one of a node, which is stored. */
  async takeNode(change: StoreChange, bytes: number): Promise<boolean> {
    if (!(await this.nodes.take(change, bytes))) return false;
    if (this.#missing === UNKNOWN || this.#missing === identity(change.key)) {
      this.#missing = undefined;
    }
    return true;
  }

  /**
   * Keeps back any other change.
   *
   * @throws {SyncError} `CURSOR_MOVED` when it was too much, and another opener of the store has shown
   * something: then all plain cells were dropped, which the next handshake brings, and no deletes.
   */
  async keep(change: StoreChange, bytes: number): Promise<void> {
    const { key } = change;
    this.#missing = undefined;
    this.kept.put(
      change.op === "delete" ? { op: "delete", key } : { op: "set", key, value: change.value },
      bytes,
    );
    if (this.kept.bytes > this.#options.maxKeptBytes) await this.#showPlain();
  }

  /**
   * Shows what was kept back, if all is here that it reaches. `handshake` is the one that it ends, if any.
   *
   * @throws {SyncError} `CURSOR_MOVED` when another opener of the store has made another step.
   */
  async show(handshake: Handshake | undefined): Promise<ShownStep | undefined> {
    await this.nodes.flush();
    if (this.#missing !== undefined) return undefined;
    const answer = await this.#gate?.look(this.kept, this.nodes.held);
    this.#missing = answer?.missing;
    if (this.#missing !== undefined) return undefined;
    const { keeper, walker } = this.#options;
    const pointers = answer?.pointers ?? [];
    const stale = await this.#stale(pointers, handshake);
    const operations = [...this.kept.operations(walker), ...stale];
    if (operations.length > 0 || !keeper.isWhole) await this.#step(operations);
    this.kept.clear();
    this.#isUnderWay = false;
    this.nodes.letGo();
    this.nodes.recycled = this.#isRecycled(pointers);
    const unmentioned = handshake?.unmentioned;
    const gone = stale.filter(({ key }) => unmentioned?.has(identity(key))).length;
    return {
      cursor: keeper.cursor,
      operations,
      unconfirmed: unmentioned && unmentioned.size - gone,
      isConsistent: !this.nodes.recycled,
    };
  }

  /** Deletes nodes that the server has deleted and that nothing shown reaches. */
  async sweep(): Promise<void> {
    const { walker, store, keeper, signal } = this.#options;
    if (walker === undefined) return;
    const dead = new Map(this.nodes.dead);
    for await (const { key } of walker.walk(store, { signal })) dead.delete(identity(key));
    const keys = [...dead.values()].filter((key) => !store.isPinned(key));
    if (keys.length > 0) await keeper.nodes(keys.map((key) => ({ op: "delete", key })));
    // Not before: where the walk fails they are looked for again.
    this.nodes.forgetDead();
  }

  async #step(operations: readonly Operation[]): Promise<void> {
    const { keeper, store, onSkipped } = this.#options;
    try {
      onSkipped((await keeper.step(operations)).skipped);
    } catch (error) {
      if (!isSyncError(error, "CURSOR_MOVED")) throw error;
      // One step that is shown does not say that the other opener has shown no later one.
      await keeper.reread();
      if (!keeper.isWhole || !(await isShown(store, operations))) throw error;
    }
  }

  async #stale(
    pointers: readonly PointerState[],
    handshake: Handshake | undefined,
  ): Promise<DeleteOperation[]> {
    const { store, walker } = this.#options;
    if (walker === undefined || handshake === undefined) return [];
    const { unmentioned } = handshake;
    return staleHeads(pointers, { store, walker, kept: this.kept, unmentioned });
  }

  /** What is too much to be kept back shows before the step is complete, but no pointer ever does. */
  async #showPlain(): Promise<void> {
    const { keeper, walker, maxKeptBytes: max, onSkipped } = this.#options;
    const plain = this.kept.takePlain(walker);
    try {
      if (plain.length > 0) {
        onSkipped((await keeper.part(plain)).skipped);
        this.#isUnderWay = true;
      }
    } catch (error) {
      for (const one of plain) if (one.op === "delete") this.kept.put(one, 0);
      throw error;
    }
    if (this.kept.bytes <= max) return;
    throw new SyncError("LIMIT_EXCEEDED", "more pointers than can be kept back", {
      details: { limit: "maxKeptBytes", max },
    });
  }

  #isRecycled(pointers: readonly PointerState[]): boolean {
    const { walker } = this.#options;
    return walker !== undefined && pointers.some(({ value }) => walker.recycles(value));
  }
}
