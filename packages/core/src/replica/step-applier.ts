/** Turns the batches of one subscription into commits: nodes as they come, the rest when a step is whole. */
import { type Edn, identity, isSyncError, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { StepCursor } from "../feed.ts";
import type { Batch, Offer, Plan } from "../protocol.ts";
import { isSameCursor } from "../same-cursor.ts";
import { StepChecksum } from "../step-checksum.ts";
import { readBody, type WireDelete, type WireOperation, type WireSet } from "../wire/operations.ts";
import { brought } from "./brought.ts";
import type { Following } from "./following.ts";
import { heldFor } from "./held.ts";
import type { KeptBack } from "./kept-back.ts";
import { missingOf, NamedKeys } from "./offered-keys.ts";
import { Parts } from "./parts.ts";
import type { KeptOperation, KeptSet } from "./stage-records.ts";
import { type Cut, StepCommits } from "./step-commits.ts";

export interface StepApplierOptions {
  readonly codec: Codec;
  readonly plan: Plan;
  /** The id of the selection that the steps are of. */
  readonly selection: Uuid;
}

/**
 * One call at a time. Every write has the standing's revision as its condition, so that what another
 * opener did between two calls, or at any await, comes out as `CURSOR_MOVED`: then what was taken in is
 * worthless, unless it can be told that it is not.
 */
export class StepApplier {
  readonly #following: Following;
  readonly #options: StepApplierOptions;
  readonly #commits: StepCommits;
  readonly #checksum = new StepChecksum();
  readonly #parts: Parts;
  /** Nodes, and cells that are shown as they come: to be written with the next commit. */
  #arrived = new Map<string, KeptSet>();
  #kept: KeptBack;
  /** The end of the last step that came, whoever applied it. */
  #reached: StepCursor | undefined;
  /** Set where all that waits belongs to whole steps: the end of the last. */
  #cut: Cut | undefined;
  #position: Edn | undefined;
  /** Whether all nodes up to the position are stored with the next commit. */
  #hasPosition = true;
  /** Of a step with whole offers. */
  #named: NamedKeys | undefined;
  #isCatchingUp = true;
  /** Whether some of a step is here, and not its end. */
  #isHalf = false;
  #isRecycled = false;
  /** Whether this step relies on nodes that no pointer here reaches. */
  #isTouched = false;
  #isCompared = false;
  /** What waits. */
  #operations = 0;
  #bytes = 0;
  /** Of this step, and whether that was all of it. */
  #isCounted = false;
  #received = 0;
  #receivedBytes = 0;

  constructor(following: Following, options: StepApplierOptions) {
    this.#following = following;
    this.#options = options;
    this.#commits = new StepCommits(following, options);
    this.#parts = new Parts(following.environment.limits.maxValueBytes);
    this.#kept = this.#commits.newKeptBack();
  }

  /** Whether the first step, or the next after a resync, is not whole yet. */
  get isCatchingUp(): boolean {
    return this.#isCatchingUp;
  }

  /** Whether no step is half here and nothing waits. */
  get isIdle(): boolean {
    return !this.#isCatchingUp && !this.#isHalf && this.#cut === undefined;
  }

  /** Entries of this step so far. */
  get received(): number {
    return this.#received;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * Takes in a batch, and writes what has become too much.
   *
   * @throws {SyncError} `CURSOR_MOVED` when this has to begin again, `CHECKSUM_MISMATCH`,
   * `PROTOCOL_VIOLATION`, `LIMIT_EXCEEDED`; as `Store.write`.
   */
  async add(batch: Batch, body: Uint8Array): Promise<void> {
    const { from, to, mode, position } = batch;
    const { keeper, counts } = this.#following;
    // Whole steps must not be mixed with half of one, nor with one that does not continue them.
    const isNext = to !== undefined && from !== undefined && isSameCursor(from, this.#cut?.to);
    if (this.#cut !== undefined && !isNext) await this.flush();
    this.#isHalf = to === undefined;
    if (this.#isCounted) {
      this.#received = 0;
      this.#receivedBytes = 0;
    }
    this.#isCounted = to !== undefined;
    if (mode === "recycled") this.#isRecycled = true;
    const isEarly = mode === "early" && keeper.standing.cursor === undefined;
    for (const operation of readBody(body, this.#options.codec)) {
      this.#take(operation, isEarly, body);
    }
    counts.batches++;
    counts.bytes += body.length;
    this.#bytes += body.length;
    this.#receivedBytes += body.length;
    if (this.#hasPosition) this.#position = position ?? this.#position;
    if (to !== undefined) await this.#end(batch, to);
    if (this.#operations >= COMMIT_OPERATIONS || this.#bytes >= COMMIT_BYTES) await this.flush();
  }

  /**
   * What is here is about to be compared with the primary: whatever another opener adds from now on, the
   * step would not know of. Resolves when what came is written.
   */
  async rely(): Promise<void> {
    await this.flush();
    this.#isCompared = true;
    this.#isHalf = true;
  }

  /**
   * The offered keys that are not here. From now on this step relies on the others.
   *
   * @throws {SyncError} as {@link StepApplier.add}.
   */
  async offer({ keys, whole }: Offer): Promise<readonly Edn[]> {
    await this.rely();
    if (whole) this.#named ??= new NamedKeys();
    for (const key of keys) {
      const id = identity(key);
      if (this.#isCatchingUp) this.#checksum.add("offer", id, 0, 0);
      this.#named?.add(id);
    }
    return missingOf(this.#following.store, keys);
  }

  /**
   * Writes what can be: whole steps, or of half a one its nodes.
   *
   * @throws {SyncError} as {@link StepApplier.add}.
   */
  async flush(): Promise<void> {
    this.#operations = 0;
    this.#bytes = 0;
    if (this.#cut === undefined) {
      if (this.#isOvertaken) this.#arrived.clear();
      else await this.#storeArrived();
      if (this.#kept.bytes > this.#following.environment.limits.stageBytes) await this.#spill();
      return;
    }
    const cut = this.#cut;
    const kept = this.#kept;
    if (this.#commits.isTooMuch(kept)) {
      await this.#storeArrived();
      if (kept.stagedRecords > 0 || kept.hasNodeDeletes) await this.#spill();
      await this.#commits.applyInParts(kept, cut);
    } else {
      const nodes = await this.#withoutHeld(Array.from(this.#arrived.values()));
      await this.#commits.applyAtOnce(nodes, kept, cut, this.#isFragile);
    }
    this.#begin();
  }

  /**
   * Forgets the step that is under way: a new one begins where the last one ended. Whole ones are applied
   * before.
   *
   * @throws {SyncError} as {@link StepApplier.add}.
   */
  async resync(): Promise<void> {
    if (this.#cut !== undefined) await this.flush();
    const { cursor } = this.#following.keeper.standing;
    if (this.#reached !== undefined && !isSameCursor(cursor, this.#reached)) {
      // It would bring nodes that another opener has brought, and may have deleted since.
      throw new SyncError("CURSOR_MOVED", "another opener is not where this subscription is");
    }
    this.#begin();
    this.#checksum.reset();
    this.#parts.clear();
    this.#isCounted = true;
    this.#isCatchingUp = true;
  }

  /**
   * Whether another opener is further than what comes here. Nodes of a step that it has applied must not
   * be stored again: it may have deleted them since.
   */
  get #isOvertaken(): boolean {
    const { cursor } = this.#following.keeper.standing;
    return !this.#isCatchingUp && !isSameCursor(cursor, this.#reached);
  }

  get #isFragile(): boolean {
    const { position } = this.#following.keeper.standing;
    const isUnprotected = this.#isTouched && position === undefined;
    return this.#kept.stagedRecords > 0 || this.#isCompared || isUnprotected;
  }

  #begin(): void {
    this.#isHalf = false;
    this.#arrived.clear();
    // One that is empty still says nothing of others' records.
    if (this.#kept.stagedRecords > 0 || this.#kept.inMemory.size > 0) {
      this.#kept = this.#commits.newKeptBack();
    }
    this.#cut = undefined;
    this.#position = undefined;
    this.#hasPosition = true;
    this.#named = undefined;
    this.#isRecycled = false;
    this.#isTouched = false;
    this.#isCompared = false;
    this.#operations = 0;
    this.#bytes = 0;
  }

  #take(came: WireOperation, isEarly: boolean, body: Uint8Array): void {
    if (came.op === "part") return this.#parts.add(came);
    const id = identity(came.key);
    const operation = this.#completed(came, id);
    const valueBytes = "value" in operation ? operation.value.bytes.length : 0;
    if (this.#isCatchingUp) {
      this.#checksum.add(operation.op, id, operation.lastWrite, valueBytes);
    }
    this.#named?.add(id);
    this.#operations++;
    this.#received++;
    this.#following.counts.operations++;
    if (operation.op === "node" || (isEarly && operation.op === "cell")) {
      // What came before it may be a delete of the same key, which must not reach it.
      this.#kept.drop(id, operation.key);
      // What comes twice takes the later place: behind the nodes that it reaches.
      this.#arrived.delete(id);
      this.#arrived.set(id, operation);
    } else {
      this.#kept.put(id, operation, body);
    }
  }

  #completed(came: WireSet | WireDelete, id: string): KeptOperation {
    if (!("value" in came)) return came;
    if (came.value === undefined) {
      return { ...came, value: this.#parts.take(id, came, this.#options.codec) };
    }
    // `as`: a copy of every operation would only please the compiler.
    return came as KeptSet;
  }

  /** The last batch of a step. */
  async #end({ from, tokens, count, fingerprint }: Batch, to: StepCursor): Promise<void> {
    const { keeper, counts } = this.#following;
    const { standing } = keeper;
    if (this.#isCatchingUp) this.#check(count, fingerprint);
    else if (from === undefined) throw violation("a live step from nowhere");
    if (this.#named !== undefined) await this.#keepDeletesOfOthers(this.#named);
    counts.steps++;
    const before = this.#cut ?? { from, to: standing.cursor, tokens: standing.tokens };
    const isContinued = from === undefined || isSameCursor(from, before.to);
    // A step that moves no pointer does not name them again.
    const cut = { from: before.from, to, tokens: tokens ?? (from && before.tokens) };
    this.#cut = cut;
    this.#reached = to;
    this.#isCatchingUp = false;
    if (!isContinued) {
      await this.#commits.checkApplied(this.#kept, cut, this.#position);
      this.#begin();
    } else if (this.#kept.stagedRecords > 0) {
      await this.flush();
    }
  }

  #check(count: number | undefined, fingerprint: bigint | undefined): void {
    const { count: came, fingerprint: seen } = this.#checksum;
    this.#checksum.reset();
    if ((count ?? came) === came && (fingerprint ?? seen) === seen) return;
    throw new SyncError("CHECKSUM_MISMATCH", "what arrived is not what was sent", {
      details: { sent: count, received: came },
    });
  }

  /** With whole offers, what this subscription brought and the step did not name has left the selection. */
  async #keepDeletesOfOthers(named: NamedKeys): Promise<void> {
    const { store, storeId, walker, environment } = this.#following;
    for await (const entry of brought(store, storeId)) {
      const { key, type, immutable, lastWrite } = entry;
      const id = identity(key);
      if (named.has(id)) continue;
      const isNode = immutable || walker?.classify(key, entry) === "node";
      // It is like pruning: somebody may be reading what an older pointer reached.
      if (isNode && store.isPinned(key)) continue;
      const op = isNode ? "deleteNode" : "delete";
      this.#kept.put(id, { op, key, type, immutable, lastWrite }, NO_BODY);
      if (this.#kept.bytes > environment.limits.stageBytes) await this.#spill();
    }
  }

  /** Writes nodes and early cells before their step is whole, but nothing over other values. */
  async #storeArrived(): Promise<void> {
    if (this.#arrived.size === 0) return;
    let sets = await this.#withoutHeld(Array.from(this.#arrived.values()));
    this.#arrived.clear();
    if (this.#mayReplace) sets = await this.#keepReplacing(sets);
    try {
      await this.#commits.store(sets, this.#position, this.#isFragile);
    } catch (error) {
      if (!isSyncError(error, "IMMUTABLE_CHANGED")) throw error;
      sets = await this.#keepReplacing(sets);
      await this.#commits.store(sets, this.#position, this.#isFragile);
    }
    this.#isTouched = true;
  }

  /** Whether nodes may have keys that other values have here, which are to be seen until the cut. */
  get #mayReplace(): boolean {
    const isBefore = this.#following.keeper.standing.cursor !== undefined;
    return this.#isRecycled || (isBefore && this.#options.plan !== "diff");
  }

  /** Keeps back what would replace another value. Resolves to the rest. */
  async #keepReplacing(sets: readonly KeptSet[]): Promise<KeptSet[]> {
    const held = await heldFor(this.#following.store, sets);
    this.#isTouched = true;
    for (const [at, set] of sets.entries()) {
      if (held[at] !== "other") continue;
      this.#kept.put(identity(set.key), set, set.value.bytes);
      // Who goes on from a position is not sent the nodes before it again, and this one is not stored.
      this.#hasPosition = false;
      this.#position = undefined;
    }
    return sets.filter((_, at) => held[at] !== "other");
  }

  /** Who prunes takes a node that a commit writes for one that was not here: others are left out of it. */
  async #withoutHeld(sets: KeptSet[]): Promise<KeptSet[]> {
    if (!this.#following.isPruning || sets.length === 0) return sets;
    const held = await heldFor(this.#following.store, sets);
    const fresh = sets.filter(({ op }, at) => op !== "node" || held[at] !== "same");
    // What is left out has to stay until the others are there.
    if (fresh.length < sets.length) this.#isTouched = true;
    return fresh;
  }

  async #spill(): Promise<void> {
    if (this.#kept.stagedRecords === 0) await this.#commits.makeRoom(this.#isFragile);
    else await this.#commits.touch(this.#isFragile);
    await this.#kept.spill();
  }
}

/** So many operations or bytes go into one commit, where batches wait. */
const COMMIT_OPERATIONS = 2048;
const COMMIT_BYTES = 2 ** 20;

/** Of operations that came in none. */
const NO_BODY: Uint8Array = new Uint8Array(0);

function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}
