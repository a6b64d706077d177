/** What must not be shown before its step is whole: in memory, and beyond a limit in the store's stage. */
import type { Edn } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { Stage } from "../feed.ts";
import { identityHash } from "../identity-hash.ts";
import { type KeptOperation, StageRecords } from "./stage-records.ts";

/**
 * Operations of one step, or of several that are applied as one. Of each key only what came last counts,
 * wherever that is which came before.
 */
export class KeptBack {
  readonly tag: number;
  readonly #records: StageRecords;
  readonly #inMemory = new Map<string, KeptOperation>();
  /** Keys that the stage may have; where it has not, a void too many is written. */
  readonly #staged = new Set<number>();
  /** Keys of which the stage no longer tells the truth. */
  readonly #voids = new Map<string, Edn>();
  /** The body that the last operation is a part of, and holds in memory whole. */
  #body: Uint8Array | undefined;
  #bytes = 0;
  #stagedBytes = 0;
  #stagedRecords = 0;
  #nodeDeletes = 0;

  constructor(tag: number, stage: Stage, codec: Codec) {
    this.tag = tag;
    this.#records = new StageRecords(stage, tag, codec);
  }

  /** How many records are in the stage. */
  get stagedRecords(): number {
    return this.#stagedRecords;
  }

  /** What those hold, at most. */
  get stagedBytes(): number {
    return this.#stagedBytes;
  }

  /** What is held in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is the delete of a node; one that no longer counts may be taken for one. */
  get hasNodeDeletes(): boolean {
    return this.#nodeDeletes > 0;
  }

  /** What is in memory, in the order in which it came. */
  get inMemory(): ReadonlyMap<string, KeptOperation> {
    return this.#inMemory;
  }

  /** @param body What the operation came in. */
  put(id: string, operation: KeptOperation, body: Uint8Array): void {
    // A map keeps the place of a key that is set again.
    this.#inMemory.delete(id);
    this.#inMemory.set(id, operation);
    if (operation.op === "deleteNode") this.#nodeDeletes++;
    this.#bytes += OPERATION_BYTES + id.length;
    if (body === this.#body) return;
    this.#body = body;
    this.#bytes += body.length;
  }

  /** Nothing that was kept back of this key counts any more. */
  drop(id: string, key: Edn): void {
    this.#inMemory.delete(id);
    if (this.#isStaged(id)) this.#voids.set(id, key);
  }

  /** Moves what is in memory to the stage. */
  async spill(): Promise<void> {
    for (const [id, { key }] of this.#inMemory) {
      if (this.#isStaged(id)) this.#voids.set(id, key);
    }
    this.#stagedRecords += await this.#records.append(
      this.#voids.values(),
      this.#inMemory.values(),
    );
    for (const id of this.#inMemory.keys()) this.#staged.add(identityHash(id));
    this.#stagedBytes += this.#bytes;
    this.#inMemory.clear();
    this.#voids.clear();
    this.#body = undefined;
    this.#bytes = 0;
  }

  /**
   * What the stage holds, after {@link KeptBack.spill} everything.
   *
   * @throws {SyncError} `CURSOR_MOVED` when somebody else has cleared it.
   */
  readStaged(): AsyncGenerator<KeptOperation, void> {
    return this.#records.read(this.#stagedRecords);
  }

  #isStaged(id: string): boolean {
    return this.#staged.size > 0 && this.#staged.has(identityHash(id));
  }
}

/** Of the objects that an operation is, beside its value. */
const OPERATION_BYTES = 128;
