/** What has to be done to a frontend, one commit after the other, each with all that waits. */
import type { Cursor, DeleteOperation, Operation, SetOperation, Store } from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import { COMPLETE_KEY, MARK_KEY, type Mark, toMarkValue } from "./marks.ts";

export interface FrontendQueueOptions {
  readonly frontend: Store;
  /** As of when the frontend is good once all that waits is done; `undefined` when that is not known. */
  readonly seen: () => Cursor | undefined;
  /** A commit has failed. */
  readonly onFailure: (error: unknown) => void;
  /** It no longer has everything: what failed was removed. */
  readonly onHole: () => void;
  /** Not even that was possible: nobody knows what it has. */
  readonly onLost: () => void;
}

export class FrontendQueue {
  readonly #options: FrontendQueueOptions;
  #waiting = new Map<string, Operation>();
  #underWay: ReadonlyMap<string, Operation> = new Map();
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** The last commit that something in the frontend is of. */
  #top = 0;
  #marked: Mark | undefined;
  /** Since it was compacted last. */
  #removed = 0;

  constructor(options: FrontendQueueOptions) {
    this.#options = options;
  }

  /** How many operations wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether the frontend may not yet have what it has to have of this key. */
  touches(key: Edn): boolean {
    if (this.#waiting.size === 0 && this.#underWay.size === 0) return false;
    const id = identity(key);
    return this.#waiting.has(id) || this.#underWay.has(id);
  }

  /**
   * Of two operations for a key the later counts.
   *
   * @param top The last commit that any of them is of.
   */
  add(operations: readonly Operation[], top = 0): void {
    this.#top = Math.max(this.#top, top);
    for (const operation of operations) this.#waiting.set(identity(operation.key), operation);
    this.#next ??= this.#commit();
  }

  /** Drops what waits. */
  clear(): void {
    this.#waiting.clear();
    this.renewMark();
  }

  /** Writes the mark with the next commit, whether or not it has changed. */
  renewMark(): void {
    this.#marked = undefined;
  }

  /** Resolves when all that was added has been done, or has failed. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#current);
  }

  async #commit(): Promise<void> {
    // What is added until then waits, and is written as one.
    await this.#current;
    this.#current = this.#next;
    this.#next = undefined;
    this.#underWay = this.#waiting;
    this.#waiting = new Map();
    // Now, because what is told while this is written is not in it.
    const seen = this.#options.seen();
    try {
      await this.#write([...this.#underWay.values()], seen);
    } catch (error) {
      this.#options.onFailure(error);
      await this.#remove([...this.#underWay.values()], seen);
    }
    await this.#compact();
    this.#underWay = new Map();
  }

  /** Without room, or where a value has no form there, it can still do without these entries. */
  async #remove(operations: readonly Operation[], seen: Cursor | undefined): Promise<void> {
    const { onHole, onLost } = this.#options;
    const keys = operations.map(({ key }) => key);
    try {
      await this.#write([...keys, COMPLETE_KEY].map(remove), seen);
      onHole();
    } catch {
      // The same failure as a moment ago, most of the time.
      onLost();
    }
  }

  async #write(operations: Operation[], cursor: Cursor | undefined): Promise<void> {
    const top = Math.max(this.#top, cursor?.seq ?? 0);
    const isNews = cursor?.seq !== this.#marked?.cursor.seq || top !== this.#marked?.top;
    const mark = cursor === undefined || !isNews ? undefined : { cursor, top };
    // Last: a store that keeps only some first operations of a commit must not have it too early.
    if (mark !== undefined) operations.push({ op: "set", key: MARK_KEY, value: toMarkValue(mark) });
    if (operations.length === 0) return;
    const { frontend } = this.#options;
    // Whatever a crash takes of a frontend, its backend has.
    await frontend.write(operations, { relaxed: true });
    this.#marked = mark ?? this.#marked;
    for (const { op } of operations) if (op === "delete") this.#removed++;
  }

  /** A frontend that has a feed keeps a tombstone of every key that it ever had. */
  async #compact(): Promise<void> {
    const { frontend, onFailure } = this.#options;
    if (this.#removed < REMOVED_PER_COMPACTION || !frontend.capabilities.feed) return;
    this.#removed = 0;
    await frontend.compact().catch(onFailure);
  }
}

const REMOVED_PER_COMPACTION = 4096;

/** What puts an entry of the backend into a frontend. */
export function put(
  key: Edn,
  value: SetOperation["value"],
  { type, lastWrite, immutable }: Pick<SetOperation, "type" | "lastWrite" | "immutable">,
): SetOperation {
  return { op: "set", key, value, type, lastWrite, immutable, rewrite: true };
}

export function remove(key: Edn): DeleteOperation {
  return { op: "delete", key };
}
