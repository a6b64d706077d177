/** Live steps that wait for one subscriber. */
import type { SyncLimits } from "../options.ts";
import type { ResyncReason } from "../protocol.ts";
import type { LiveStep } from "./live-step.ts";

/**
 * A queue without a gap. When too much waits in it, or a commit is missing, it is void: what it held is
 * gone, and its subscriber begins a new step.
 */
export class StepQueue {
  readonly #limits: SyncLimits;
  readonly #onChange: () => void;
  #steps: LiveStep[] = [];
  #weight = 0;
  /** The commit up to which it, or whoever opened it, has everything. */
  #end: number | undefined;
  /** The last commit that came from elsewhere. */
  #expected = 0;
  #isOpen = false;
  #void: ResyncReason | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** `onChange` is called when there is something to look at. */
  constructor(limits: SyncLimits, onChange: () => void) {
    this.#limits = limits;
    this.#onChange = onChange;
  }

  /** Why it is void, if it is. */
  get voidReason(): ResyncReason | undefined {
    return this.#void;
  }

  push(step: LiveStep): void {
    if (this.#void !== undefined) return;
    if (this.#end !== undefined) {
      if (step.from > this.#end) return this.void("FEED_TRUNCATED");
      // Of a commit that is long there, such as where its store then stood in another.
      if (step.to.seq < this.#end) return;
    }
    this.#steps.push(step);
    this.#weight += step.weight;
    this.#end = step.to.seq;
    const { queueEntries, queueBytes } = this.#limits;
    if (this.#steps.length > queueEntries || this.#weight > queueBytes) this.void("SLOW_REPLICA");
    else this.#onChange();
  }

  /** The subscriber has everything up to this commit: what is not later goes. */
  open(last: number): void {
    this.#isOpen = true;
    if (this.#void !== undefined) return;
    this.#steps = this.#steps.filter(({ to }) => to.seq > last);
    this.#weight = this.#steps.reduce((sum, { weight }) => sum + weight, 0);
    const [first] = this.#steps;
    if (first === undefined) this.#end = last;
    else if (first.from > last) return this.void("FEED_TRUNCATED");
    this.expect(this.#expected);
  }

  /** The store has this commit: it came from elsewhere, unless a step brought it. */
  expect(last: number): void {
    this.#expected = Math.max(this.#expected, last);
    if (this.#isOpen && this.#end !== undefined && this.#end < last) this.void("FEED_TRUNCATED");
  }

  void(reason: ResyncReason): void {
    this.#void ??= reason;
    this.#steps = [];
    this.#weight = 0;
    this.#onChange();
  }

  /** Whoever takes the next step gets this error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#onChange();
  }

  /** The next step, if there is one. @throws what it failed with. */
  take(): LiveStep | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    const step = this.#steps.shift();
    if (step !== undefined) this.#weight -= step.weight;
    return step;
  }
}
