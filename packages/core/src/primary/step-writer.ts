/** Sends the operations of one step, as they are found. */
import { identity } from "@datahike-sync/edn";
import { BodyMaker, type BodyOptions, pieces } from "./body-maker.ts";
import type { BatchHead, Outlet } from "./outlet.ts";
import { bytesOf, type WholeOperation } from "./wire-entry.ts";

export class StepWriter {
  readonly #outlet: Outlet;
  readonly #options: BodyOptions;
  readonly #bodies: BodyMaker;
  readonly #headOf: () => BatchHead;

  /** `headOf` is asked when a batch is sent: for the operations that were added before. */
  constructor(outlet: Outlet, options: BodyOptions, headOf: () => BatchHead) {
    this.#outlet = outlet;
    this.#options = options;
    this.#bodies = new BodyMaker(options);
    this.#headOf = headOf;
  }

  /** Adds an operation. Returns what to wait for before the next, if there is anything. */
  add(operation: WholeOperation): Promise<void> | undefined {
    const bytes = bytesOf(operation);
    const { op, key, lastWrite } = operation;
    this.#outlet.checksum.add(op, identity(key), lastWrite, bytes);
    const { batchBytes, maxValueBytes } = this.#options.limits;
    if (bytes > Math.min(batchBytes, maxValueBytes) || this.#bodies.isFullFor(operation)) {
      return this.#addPieces(operation);
    }
    this.#bodies.add(operation);
    return undefined;
  }

  /**
   * Forgets what was added, here and where it has arrived: of nodes that were replaced while they were
   * read some may reach what is in no state. Where the line cannot say so, they stay part of the step.
   */
  async restart(): Promise<void> {
    if (!this.#outlet.canResync) return;
    this.#bodies.take();
    await this.#outlet.resync("FEED_TRUNCATED");
  }

  /**
   * Sends what was added, as the end of the step; with a position too, for a replica that needs several
   * commits to apply it, and stores its nodes before.
   */
  async finish(head: BatchHead): Promise<void> {
    const { count, fingerprint } = this.#outlet.checksum;
    const sums = this.#outlet.isVerified ? { count, fingerprint } : {};
    await this.#outlet.batch({ ...this.#headOf(), ...head, ...sums }, this.#bodies.take());
  }

  async #addPieces(operation: WholeOperation): Promise<void> {
    for (const piece of pieces(operation, this.#options.limits)) {
      if (this.#bodies.isFullFor(piece)) {
        await this.#outlet.batch(this.#headOf(), this.#bodies.take());
      }
      this.#bodies.add(piece);
    }
  }
}
