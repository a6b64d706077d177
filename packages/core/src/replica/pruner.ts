/** Deletes nodes that no pointer of a store that follows reaches any more. */
import { type Edn, equals, identity, isSyncError, SyncError } from "@datahike-sync/edn";
import type { Commit } from "../feed.ts";
import { identityHash } from "../identity-hash.ts";
import type { Store } from "../store.ts";
import type { PointerState, Walker } from "../walker.ts";
import type { Following } from "./following.ts";
import { isMoved } from "./standing-keeper.ts";

/**
 * Works between steps only, and never while a position is stored: what was transferred so far is reached
 * by no pointer yet. What it leaves undone because a step begins, the next time finds again.
 */
export class Pruner {
  readonly #following: Following;
  #requests: Request[] = [];
  /** The pointers when nothing else was left: what they reached, and today's do not, goes. */
  #clean: readonly PointerState[] | undefined;
  /** Nodes that came since, by identity: steps that were applied as one leave some that no pointer ever reached. */
  #brought = new Map<string, Edn>();
  /** Whether nothing else has removed nodes since: then what came was not reached when it was clean. */
  #isAlone = true;
  /** What the standing's keeper knew then of others. */
  #foreign = 0;
  #stop: () => void = () => undefined;

  constructor(following: Following) {
    this.#following = following;
  }

  /** Before the first step: what is reached now, the next steps leave behind. */
  async begin(): Promise<void> {
    const { walker, store } = this.#following;
    if (!this.#following.isPruning || walker === undefined) return;
    this.#stop = store.onCommit((commit) => this.#note(walker, commit));
    try {
      this.#setClean(await readPointers(walker, store));
    } catch (error) {
      // Pointers that cannot be read now are no reason not to follow: the next step may bring others.
      if (!isSyncError(error)) throw error;
    }
  }

  /**
   * Has everything deleted that no pointer reaches. Resolves to how many nodes that were.
   *
   * @throws {TypeError} without a walker.
   */
  async request(): Promise<number> {
    if (this.#following.walker === undefined) throw new TypeError("pruning needs a walker");
    return new Promise((resolve, reject) => {
      this.#requests.push({ resolve, reject });
    });
  }

  /** Does what there is to do, until `isWanted` says that something else is. */
  async run(isWanted: () => boolean): Promise<void> {
    const { walker } = this.#following;
    while (walker !== undefined && this.#isDue && !isWanted()) {
      const requests = [...this.#requests];
      try {
        const nodes = await this.#prune(walker, requests.length > 0, isWanted);
        // Something else came first, or another opener has written: then once more.
        if (nodes === undefined) continue;
        for (const { resolve } of requests) resolve(nodes);
      } catch (error) {
        if (!isSyncError(error)) throw error;
        if (await this.#isRace(error)) continue;
        // Where nobody can tell what is reached, nothing is deleted.
        this.#following.isPruning = false;
        this.#following.listeners.errors.tell(error);
        for (const { reject } of requests) reject(error);
      }
      this.#requests.splice(0, requests.length);
      if (this.#requests.length === 0) return;
    }
  }

  /** Whether a node is missing because another opener's step has taken it away meanwhile. */
  async #isRace(error: SyncError): Promise<boolean> {
    if (error.code !== "NODE_MISSING") return false;
    const { keeper } = this.#following;
    const { revision } = keeper.standing;
    const isMoved = (await keeper.read()).revision !== revision;
    // What came since the last look is forgotten.
    if (isMoved) this.#following.hasLeftovers = true;
    return isMoved;
  }

  /** Whether there is something to do, and no step half here. */
  get #isDue(): boolean {
    const { cursor, position, doomed } = this.#following.keeper.standing;
    const isWhole = cursor !== undefined && position === undefined && doomed === undefined;
    return isWhole && (this.#following.isPruning || this.#requests.length > 0);
  }

  /** Nobody will do anything any more. */
  end(error: SyncError | undefined): void {
    this.#stop();
    const reason = error ?? new SyncError("ABORTED", "the subscription was closed");
    for (const { reject } of this.#requests.splice(0)) reject(reason);
  }

  /** Resolves to the number of nodes deleted, or `undefined` when something else had to be done first. */
  async #prune(
    walker: Walker,
    isAsked: boolean,
    isWanted: () => boolean,
  ): Promise<number | undefined> {
    const { store } = this.#following;
    const now = await readPointers(walker, store);
    const before = this.#clean;
    const brought = this.#brought;
    this.#brought = new Map();
    const isAll = isAsked || this.#following.hasLeftovers || before === undefined;
    if (!isAll && brought.size === 0 && isSame(before, now)) return 0;
    const keys = isAll ? this.#unreached(walker) : this.#left(walker, before, now, brought);
    const { nodes, isDone } = await this.#deleteAll(keys, isWanted);
    if (isDone) {
      this.#setClean(now);
      if (isAll) this.#following.hasLeftovers = false;
      return nodes;
    }
    // With some of it gone, what is left can no longer be found by comparing.
    if (nodes > 0) this.#following.hasLeftovers = true;
    for (const [id, key] of this.#brought) brought.set(id, key);
    this.#brought = brought;
    return undefined;
  }

  #setClean(pointers: readonly PointerState[]): void {
    this.#clean = pointers;
    this.#isAlone = true;
    this.#foreign = this.#following.keeper.foreign;
  }

  /** Nodes that a commit of the subscription's brought; what was here already is no part of a commit. */
  #note(walker: Walker, { origin, operations }: Commit): void {
    if (origin?.identity !== this.#following.storeId.identity) return;
    for (const operation of operations) {
      if (walker.classify(operation.key, operation) !== "node") continue;
      if (operation.op === "delete") this.#isAlone = false;
      else this.#brought.set(identity(operation.key), operation.key);
    }
    if (this.#brought.size <= MAX_BROUGHT) return;
    this.#brought.clear();
    this.#following.hasLeftovers = true;
  }

  /**
   * What was reached before, or came since, and is not reached now; parents before children. Where others
   * prune too, what came since may be what was reached before, and stays: it is for a whole look to find.
   */
  async *#left(
    walker: Walker,
    before: readonly PointerState[],
    now: readonly PointerState[],
    brought: ReadonlyMap<string, Edn>,
  ): AsyncGenerator<Edn> {
    const { store } = this.#following;
    const left: Edn[] = [];
    const isAlone = this.#isAlone && this.#foreign === this.#following.keeper.foreign;
    const unreached = isAlone ? new Map(brought) : new Map<string, Edn>();
    try {
      for await (const { key, change } of walker.diff(store, before, now, { removed: true })) {
        unreached.delete(identity(key));
        if (change === "removed") left.push(key);
      }
    } catch (error) {
      if (!isSyncError(error, "NODE_MISSING") || error.details["side"] !== "from") throw error;
      // What was reached before is not all here any more: another opener prunes, or one that came to no
      // end. What the latter has left is found without it.
      if (isAlone) yield* this.#unreached(walker);
      return;
    }
    // Only now: a walker may have to read a node to find those below it.
    yield* left;
    yield* Array.from(unreached.values()).reverse();
  }

  /** What the subscription brought and no pointer reaches. */
  async *#unreached(walker: Walker): AsyncGenerator<Edn> {
    const { store, storeId } = this.#following;
    const reached = new Set<number>();
    for await (const { key } of walker.walk(store)) reached.add(identityHash(identity(key)));
    for await (const entry of store.keys()) {
      if (entry.origin?.identity !== storeId.identity) continue;
      if (reached.has(identityHash(identity(entry.key)))) continue;
      if (walker.classify(entry.key, entry) === "node") yield entry.key;
    }
  }

  async #deleteAll(
    keys: AsyncIterable<Edn>,
    isWanted: () => boolean,
  ): Promise<{ readonly nodes: number; readonly isDone: boolean }> {
    const { store, storeId, environment } = this.#following;
    let nodes = 0;
    let isDone = true;
    for await (const some of chunksOf(keys)) {
      // Just before they go: somebody may have begun to read meanwhile.
      const chunk = some.filter((key) => !store.isPinned(key));
      for (const key of some) if (store.isPinned(key)) this.#brought.set(identity(key), key);
      isDone = !isWanted() && (chunk.length === 0 || (await this.#delete(chunk)));
      if (!isDone) break;
      nodes += chunk.length;
    }
    if (nodes > 0) environment.tell({ type: "pruned", storeId, nodes });
    return { nodes, isDone };
  }

  /** Resolves to false when another opener has written: what no pointer reached may be part of its step. */
  async #delete(keys: readonly Edn[]): Promise<boolean> {
    const { keeper } = this.#following;
    try {
      await keeper.write(
        keys.map((key) => ({ op: "delete", key })),
        keeper.standing,
      );
      return true;
    } catch (error) {
      if (!isMoved(error)) throw error;
      await keeper.read();
      return false;
    }
  }
}

interface Request {
  readonly resolve: (nodes: number) => void;
  readonly reject: (reason: unknown) => void;
}

const CHUNK = 512;

/** So many nodes are remembered; of more the whole store is looked through. */
const MAX_BROUGHT = 2 ** 16;

async function* chunksOf(keys: AsyncIterable<Edn>): AsyncGenerator<Edn[]> {
  let chunk: Edn[] = [];
  for await (const key of keys) {
    chunk.push(key);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** All pointers at one moment: they name each other, so they are read until none is new. */
async function readPointers(walker: Walker, store: Store): Promise<readonly PointerState[]> {
  let known: readonly PointerState[] = [];
  for (;;) {
    const keys = walker.pointers(known);
    const ids = new Set(known.map(({ key }) => identity(key)));
    const values = await store.getMany(keys);
    const states = keys.flatMap((key, at) => {
      const value = values[at];
      return value === undefined ? [] : [{ key, value }];
    });
    if (keys.every((key, at) => values[at] === undefined || ids.has(identity(key)))) return states;
    known = states;
  }
}

function isSame(a: readonly PointerState[], b: readonly PointerState[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ key, value }, at) => {
      const other = b[at];
      return other !== undefined && equals(key, other.key) && equals(value, other.value);
    })
  );
}
