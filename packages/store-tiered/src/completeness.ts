/** Whether a frontend that has to have everything has it. */
import type { Store } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { COMPLETE_KEY } from "./marks.ts";

export class Completeness {
  readonly #frontend: Store;
  #isComplete = false;
  /** Counts what it had and has no more. */
  #losses = 0;
  /** Counts also what it may be without for a while. */
  #holes = 0;
  /** What was lost when it was filled last. */
  #filledAt: number | undefined;

  constructor(frontend: Store) {
    this.#frontend = frontend;
  }

  /** While the frontend has everything, the same number; else `undefined`. */
  get since(): number | undefined {
    return this.#isComplete ? this.#holes : undefined;
  }

  /** Whether it is to be filled: not, if that was in vain and nothing has changed. */
  get isWanting(): boolean {
    return !this.#isComplete && this.#filledAt !== this.#losses;
  }

  /** Whether the frontend has had everything since then. It is looked at: a browser may have taken it. */
  async hasHeld(since: number | undefined): Promise<boolean> {
    if (since === undefined) return false;
    const isThere = await this.#isMarked();
    if (since !== this.since) return false;
    if (!isThere) this.lose();
    return isThere;
  }

  /** Something may be missing, and will be read again. */
  disturb(): void {
    this.#holes++;
  }

  /** Something is missing. */
  lose(): void {
    this.#isComplete = false;
    this.#losses++;
    this.#holes++;
  }

  /** Begins with what the frontend says of itself. */
  async recall(): Promise<void> {
    this.#isComplete = await this.#isMarked();
  }

  /** Fills the frontend. It is complete then, unless something was lost meanwhile, or it was taken away. */
  async fill(copyAll: () => Promise<void>): Promise<void> {
    const losses = this.#losses;
    await this.#frontend.set(COMPLETE_KEY, false);
    await copyAll();
    const end = (mark: Edn | undefined) =>
      mark === false && losses === this.#losses ? true : mark;
    const isMarked = (await this.#frontend.update(COMPLETE_KEY, end)) === true;
    this.#isComplete = isMarked && losses === this.#losses;
    this.#filledAt = this.#losses;
  }

  async #isMarked(): Promise<boolean> {
    return (await this.#frontend.get(COMPLETE_KEY)) === true;
  }
}
