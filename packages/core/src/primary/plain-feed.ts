/** The live steps of a store without a walker, shared by all subscribers of a selection and codec. */
import type { FeedOperation } from "../feed.ts";
import { type BodyOptions, toBodies } from "./body-maker.ts";
import type { LiveStep } from "./live-step.ts";
import type { Move } from "./move.ts";
import type { PlainSelection } from "./selection.ts";
import type { StepQueue } from "./step-queue.ts";
import type { StoreWatch } from "./store-watch.ts";
import { toDelete, toWire, type WholeOperation } from "./wire-entry.ts";

export class PlainFeed {
  readonly #selection: PlainSelection;
  readonly #options: BodyOptions;
  readonly #queues = new Set<StepQueue>();
  readonly #stop: () => void;

  constructor(watch: StoreWatch, selection: PlainSelection, options: BodyOptions) {
    this.#selection = selection;
    this.#options = options;
    this.#stop = watch.listen({
      onMove: (move) => this.#onMove(move),
      onForeign: (last) => this.#queues.forEach((queue) => queue.expect(last)),
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
    this.#stop();
  }

  #onMove(move: Move): void {
    if (this.#queues.size === 0) return;
    const step = this.#toStep(move);
    for (const queue of this.#queues) queue.push(step);
  }

  #toStep({ from, to, operations, weight }: Move): LiveStep {
    let bodies: readonly Uint8Array[] | undefined;
    const encode = () => Array.from(toBodies(this.#admitted(operations), this.#options));
    // Not before somebody takes it: who is behind may be put back to catching up instead.
    return { from, to, weight, bodies: () => (bodies ??= encode()) };
  }

  *#admitted(operations: readonly FeedOperation[]): Generator<WholeOperation, void> {
    for (const operation of operations) {
      const admitted = admit(operation, this.#selection, this.#options.codec);
      if (admitted !== undefined) yield admitted;
    }
  }
}

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
