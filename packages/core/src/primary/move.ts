/** How a store got from one state to the next. */
import { type Edn, identity } from "@datahike-sync/edn";
import { type Encoded, isEncoded } from "../codec.ts";
import type { Commit, Cursor, FeedOperation, FeedPosition, FeedRow, StepCursor } from "../feed.ts";

/** One commit, or several in one. */
export interface Move {
  /** The commit before it. */
  readonly from: number;
  readonly to: StepCursor;
  readonly operations: readonly FeedOperation[];
  /** Where each of them is in the feed. */
  readonly placeOf: (operation: number) => FeedPosition;
  /** Roughly the bytes that it takes. */
  readonly weight: number;
}

export function toMove(
  { cursor: { era, seq }, operations }: Commit,
  origin: Cursor | undefined,
): Move {
  const placeOf = (place: number) => ({ seq, place });
  const to = { era, seq, origin };
  return { from: seq - 1, to, operations, placeOf, weight: weightOf(operations) };
}

/** Nothing but another origin. */
export function emptyMove(from: number, to: StepCursor): Move {
  return { from, to, operations: [], placeOf: (place) => ({ seq: from, place }), weight: 0 };
}

/** Several moves, the latest of each key; more than fits is given up. */
export class Merge {
  readonly #from: number;
  readonly #maxBytes: number;
  #rows: Map<string, FeedRow> | undefined = new Map();
  #weight = 0;

  constructor(from: number, maxBytes: number) {
    this.#from = from;
    this.#maxBytes = maxBytes;
  }

  /** How many operations there are. */
  get size(): number {
    return this.#rows?.size ?? 0;
  }

  /** Roughly the bytes that it takes. */
  get weight(): number {
    return this.#weight;
  }

  add({ operations, weight, placeOf }: Move): void {
    if (this.#rows === undefined) return;
    this.#weight += weight;
    if (this.#weight > this.#maxBytes) return this.giveUp();
    for (const [at, operation] of operations.entries()) {
      const id = identity(operation.key);
      // Behind what it came after: deleted first, or it would keep its place.
      this.#rows.delete(id);
      this.#rows.set(id, { ...placeOf(at), operation });
    }
  }

  /** A commit between was not told. */
  giveUp(): void {
    this.#rows = undefined;
  }

  /** Everything as one; `undefined` when it was given up. */
  toMove(to: StepCursor): Move | undefined {
    if (this.#rows === undefined) return undefined;
    const rows = Array.from(this.#rows.values());
    const operations = rows.map(({ operation }) => operation);
    const placeOf = (at: number): FeedPosition => rows[at] ?? { seq: to.seq, place: at };
    return { from: this.#from, to, operations, placeOf, weight: this.#weight };
  }
}

function weightOf(operations: readonly FeedOperation[]): number {
  let bytes = operations.length * OPERATION_BYTES;
  for (const operation of operations) {
    if (operation.op === "set") bytes += bytesOf(operation.value);
  }
  return bytes;
}

/** Of a value that is not encoded, text, bytes and what holds others: the rest is small. */
function bytesOf(value: Edn | Encoded): number {
  if (isEncoded(value)) return value.bytes.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) return 0;
  let bytes = 0;
  for (const part of value) bytes += PART_BYTES + bytesOf(part);
  return bytes;
}

/** What an operation takes beside its value. */
const OPERATION_BYTES = 64;

/** What a value takes within another. */
const PART_BYTES = 8;
