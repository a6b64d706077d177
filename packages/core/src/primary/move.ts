/** How a store got from one state to the next. */
import { identity } from "@datahike-sync/edn";
import { isEncoded } from "../codec.ts";
import type { Commit, Cursor, FeedOperation, StepCursor } from "../feed.ts";

/** One commit, or several in one. */
export interface Move {
  /** The commit before it. */
  readonly from: number;
  readonly to: StepCursor;
  readonly operations: readonly FeedOperation[];
  /** Roughly the bytes that it takes. */
  readonly weight: number;
}

export function toMove(
  { cursor: { era, seq }, operations }: Commit,
  origin: Cursor | undefined,
): Move {
  return { from: seq - 1, to: { era, seq, origin }, operations, weight: weightOf(operations) };
}

/** Several commits, the latest of each key; more than fits is given up. */
export class Merge {
  readonly #from: number;
  readonly #maxBytes: number;
  #operations: Map<string, FeedOperation> | undefined = new Map();
  #weight = 0;

  constructor(from: number, maxBytes: number) {
    this.#from = from;
    this.#maxBytes = maxBytes;
  }

  add({ operations }: Commit): void {
    if (this.#operations === undefined) return;
    this.#weight += weightOf(operations);
    if (this.#weight > this.#maxBytes) return this.giveUp();
    for (const operation of operations) {
      const id = identity(operation.key);
      // Behind what it came after: deleted first, or it would keep its place.
      this.#operations.delete(id);
      this.#operations.set(id, operation);
    }
  }

  /** A commit between was not told. */
  giveUp(): void {
    this.#operations = undefined;
  }

  /** Everything as one; `undefined` when it was given up. */
  toMove(to: StepCursor): Move | undefined {
    if (this.#operations === undefined) return undefined;
    const operations = Array.from(this.#operations.values());
    return { from: this.#from, to, operations, weight: this.#weight };
  }
}

function weightOf(operations: readonly FeedOperation[]): number {
  let bytes = operations.length * OPERATION_BYTES;
  for (const operation of operations) {
    if (operation.op === "set" && isEncoded(operation.value)) bytes += operation.value.bytes.length;
  }
  return bytes;
}

/** What an operation takes beside its value. */
const OPERATION_BYTES = 64;
