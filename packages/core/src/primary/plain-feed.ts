/** The live steps of a store without a walker, shared by all subscribers of a selection and codec. */
import type { Environment } from "../environment.ts";
import type { FeedOperation } from "../feed.ts";
import { type BodyOptions, toBodies } from "./body-maker.ts";
import { Gathering } from "./gathering.ts";
import type { LiveStep } from "./live-step.ts";
import type { Move } from "./move.ts";
import { withinStep } from "./scan-position.ts";
import type { PlainSelection } from "./selection.ts";
import type { StepQueue } from "./step-queue.ts";
import type { StoreWatch } from "./store-watch.ts";
import { toDelete, toWire, type WholeOperation } from "./wire-entry.ts";

export class PlainFeed {
  readonly #selection: PlainSelection;
  readonly #options: BodyOptions;
  readonly #queues = new Set<StepQueue>();
  readonly #gathering: Gathering;
  readonly #stop: () => void;

  constructor(
    watch: StoreWatch,
    selection: PlainSelection,
    options: BodyOptions,
    environment: Environment,
  ) {
    this.#selection = selection;
    this.#options = options;
    this.#gathering = new Gathering(environment, (move) => this.#pass(move));
    this.#stop = watch.listen({
      onMove: (move) => this.#onMove(move),
      onForeign: (last) => {
        this.#gathering.flush();
        for (const queue of this.#queues) queue.expect(last);
      },
      onFailure: (error) => this.#queues.forEach((queue) => queue.fail(error)),
    });
  }

  /** Puts every later step in this queue. Returns the function that ends this. */
  attach(queue: StepQueue): () => void {
    this.#queues.add(queue);
    return () => {
      this.#queues.delete(queue);
    };
  }

  stop(): void {
    this.#gathering.stop();
    this.#stop();
  }

  #onMove(move: Move): void {
    if (this.#queues.size > 0) this.#gathering.add(move);
  }

  #pass(move: Move): void {
    const step = this.#toStep(move);
    for (const queue of this.#queues) queue.push(step);
  }

  #toStep(move: Move): LiveStep {
    const { from, to, weight } = move;
    let bodies: readonly Uint8Array[] | undefined;
    let added = -1;
    /** Of the last operation that is wholly in the bodies up to this one. */
    const ends: number[] = [];
    const encode = () => {
      const operations = this.#admitted(move, (at) => (added = at));
      return Array.from(toBodies(operations, this.#options), (body) => {
        ends.push(added);
        return body;
      });
    };
    // Not before somebody takes it: who is behind may be put back to catching up instead.
    return {
      from,
      to,
      weight,
      bodies: () => (bodies ??= encode()),
      positionAfter: (body) => {
        const end = ends[body] ?? -1;
        const reached = end < 0 ? { seq: from, place: LAST_PLACE } : move.placeOf(end);
        return withinStep(this.#selection.id, reached, to);
      },
    };
  }

  /** `onAdded` is told of each operation when whoever takes them has taken it and asks for the next. */
  *#admitted({ operations }: Move, onAdded: (at: number) => void): Generator<WholeOperation, void> {
    for (const [at, operation] of operations.entries()) {
      const admitted = admit(operation, this.#selection, this.#options.codec);
      if (admitted !== undefined) yield admitted;
      onAdded(at);
    }
  }
}

/** Behind every other place of a commit. */
const LAST_PLACE = Number.MAX_SAFE_INTEGER;

/**
 * What an operation is to those who have this selection; `undefined` for nothing. What does not pass may
 * have passed before, and is gone for them.
 */
export function admit(
  operation: FeedOperation,
  { filter }: PlainSelection,
  codec: BodyOptions["codec"],
): WholeOperation | undefined {
  if (filter === undefined) return toWire(operation, codec);
  if (operation.op === "set" && filter.passes(operation)) return toWire(operation, codec);
  const { key } = operation;
  return filter.passesGone(key, operation) ? toDelete(key, operation) : undefined;
}
