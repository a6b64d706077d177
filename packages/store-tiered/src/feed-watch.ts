/** How far a frontend has followed its backend, and whether anybody was told of more. */
import type { Cursor } from "@datahike-sync/core";

/**
 * A frontend may answer only as long as it is no older than anything that the backend has answered:
 * otherwise who has read a pointer there might read the node of an earlier one here. Most answers of a
 * backend tell the last commit. Those that do not are doubts, until a later answer tells it.
 */
export class FeedWatch {
  #seen: Cursor = { era: "", seq: Number.POSITIVE_INFINITY };
  /** The last commit that any answer has told. */
  #known = 0;
  #doubts = 0;
  /** So many of them are settled. */
  #settled = 0;
  /** Commits that were told behind a gap, one after the other. */
  #run: { readonly from: number; readonly to: Cursor } | undefined;

  /** The frontend is good as of this commit. */
  get seen(): Cursor {
    return this.#seen;
  }

  get isCurrent(): boolean {
    return this.#settled === this.#doubts && !this.isBehind;
  }

  /** Whether there are commits that the frontend has not followed. */
  get isBehind(): boolean {
    return this.#seen.seq < this.#known;
  }

  /** The frontend is good as of this commit; what the backend has is asked next. */
  start(seen: Cursor): void {
    this.#seen = seen;
    this.#known = seen.seq;
    this.#run = undefined;
  }

  /** To be called before a read of the backend, for {@link note}. */
  begin(): number {
    return this.#doubts;
  }

  /** A read that began then has told the last commit: no earlier answer knew of a later one. */
  note(last: number, begun: number): void {
    this.#known = Math.max(this.#known, last);
    this.#settled = Math.max(this.#settled, begun);
  }

  /** The backend has answered, and not told the last commit. */
  doubt(): void {
    this.#doubts++;
  }

  /**
   * A commit was told.
   *
   * @param mayMove Whether it can be followed at once, if it is the next.
   * @returns Whether it was followed; `undefined` when it was long before.
   */
  hear(cursor: Cursor, mayMove: boolean): boolean | undefined {
    const { seq } = cursor;
    if (seq <= this.#seen.seq) return undefined;
    this.#known = Math.max(this.#known, seq);
    if (mayMove && seq === this.#seen.seq + 1) {
      this.#seen = cursor;
      return true;
    }
    const isNext = this.#run?.to.seq === seq - 1;
    this.#run = { from: isNext && this.#run ? this.#run.from : seq, to: cursor };
    return false;
  }

  /** Everything up to this commit was followed, and what was heard behind it. */
  reach(cursor: Cursor): void {
    if (cursor.seq > this.#seen.seq) this.#seen = cursor;
    const run = this.#run;
    if (run === undefined || run.from > this.#seen.seq + 1) return;
    if (run.to.seq > this.#seen.seq) this.#seen = run.to;
    this.#run = undefined;
  }
}
