/** The live steps of a store with a walker, shared by all subscribers of a selection and codec. */
import type { ResyncReason } from "../protocol.ts";
import { Bell } from "./bell.ts";
import type { BodyOptions } from "./body-maker.ts";
import type { LiveStep } from "./live-step.ts";
import { missingSide } from "./nodes.ts";
import type { Pins } from "./pins.ts";
import type { WalkedSelection } from "./selection.ts";
import type { StepQueue } from "./step-queue.ts";
import { makeStep, type WalkedStepOptions } from "./walked-step.ts";
import type { WalkedStore } from "./walked-store.ts";

/**
 * Moves from pins to pins for as long as anybody follows. What is committed while it makes a step is in
 * the next one: it does not fall behind, it takes larger steps.
 */
export class WalkedFeed {
  readonly #options: WalkedStepOptions;
  readonly #stopped = new AbortController();
  readonly #stopListening: () => void;
  readonly #queues = new Set<StepQueue>();
  /** Rings when a step was made, or none could be. */
  readonly #bell = new Bell();
  /** What those who follow show, once they have taken everything. */
  #current: Pins | undefined;
  #joining = 0;
  #isDirty = false;
  #isWorking = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(walked: WalkedStore, selection: WalkedSelection, bodies: BodyOptions) {
    this.#options = { walked, selection, bodies, signal: this.#stopped.signal };
    this.#stopListening = walked.source.listen(
      () => this.#wake(),
      (error) => this.#fail(error),
    );
  }

  /**
   * Puts every step into this queue that leads on from the pins that it resolves to: these are not
   * earlier than those that the subscriber shows.
   */
  async join(shown: Pins, queue: StepQueue, signal: AbortSignal): Promise<Pins> {
    this.#joining++;
    try {
      this.#current ??= shown;
      // What moved before somebody listened was not told.
      this.#wake();
      while (this.#failure === undefined && this.#current.cursor.seq < shown.cursor.seq) {
        await this.#bell.rung(signal);
      }
      if (this.#failure !== undefined) throw this.#failure.error;
      this.#queues.add(queue);
      queue.open(this.#current.cursor.seq);
      return this.#current;
    } finally {
      this.#joining--;
      this.#forgetUnlessFollowed();
    }
  }

  leave(queue: StepQueue): void {
    this.#queues.delete(queue);
    this.#forgetUnlessFollowed();
  }

  stop(): void {
    this.#stopListening();
    this.#stopped.abort();
  }

  #wake(): void {
    this.#isDirty = true;
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#isDirty && this.#current !== undefined) {
        this.#isDirty = false;
        await this.#step(this.#current);
      }
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#fail(error);
    } finally {
      this.#isWorking = false;
      this.#forgetUnlessFollowed();
    }
  }

  /** Takes one step, to what the pointers are now. */
  async #step(from: Pins): Promise<void> {
    const { walked, selection, signal } = this.#options;
    let to = await walked.pin(selection.walker, signal);
    for (;;) {
      const step = await this.#make(from, to);
      if (typeof step === "string" || "weight" in step) return this.#pass(step, to);
      to = step;
    }
  }

  /** A step, why there is none, or other pins to be tried. */
  async #make(from: Pins, to: Pins): Promise<LiveStep | ResyncReason | Pins> {
    const { walked, selection, signal } = this.#options;
    try {
      const step = await makeStep(from, to, this.#options);
      if (step === "overwritten") return await walked.pinAgain(selection.walker, signal);
      return step === "oversized" ? "SLOW_REPLICA" : step;
    } catch (error) {
      const side = missingSide(error);
      if (side === "from") return "FEED_TRUNCATED";
      const others =
        side === undefined ? undefined : await walked.pinOthers(to, selection.walker, signal);
      if (others === undefined) throw error;
      return others;
    }
  }

  /** All at once: who joined between would miss the step, or get it without what it builds on. */
  #pass(step: LiveStep | ResyncReason, to: Pins): void {
    for (const queue of this.#queues) {
      if (typeof step === "string") queue.void(step);
      else queue.push(step);
    }
    this.#current = to;
    this.#bell.ring();
  }

  /** Otherwise steps would be made for nobody, or later from what nobody shows any more. */
  #forgetUnlessFollowed(): void {
    const isFollowed = this.#queues.size > 0 || this.#joining > 0;
    if (!isFollowed && !this.#isWorking) this.#current = undefined;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const queue of this.#queues) queue.fail(error);
    this.#bell.ring();
  }
}
