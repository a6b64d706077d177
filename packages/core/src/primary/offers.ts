/** Offers of nodes, and the answers that they get. */
import { type Edn, identity, SyncError } from "@datahike-sync/edn";
import type { Outlet } from "./outlet.ts";
import type { Replies } from "./session.ts";

/** Several offers are on their way at once, or each would cost the time of a way there and back. */
export class Offers {
  readonly #outlet: Outlet;
  /** By identity, the keys of each offer that no answer was taken from, in order. */
  readonly #made: ReadonlySet<string>[] = [];
  /** Answers to the first of these. */
  readonly #answers: (readonly Edn[])[] = [];

  constructor(outlet: Outlet, replies: Replies) {
    this.#outlet = outlet;
    replies.need = (keys) => this.#take(keys);
  }

  /** How many answers are to be taken. */
  get outstanding(): number {
    return this.#made.length;
  }

  async make(keys: readonly Edn[]): Promise<void> {
    this.#made.push(new Set(keys.map(identity)));
    await this.#outlet.offer(keys);
  }

  /** The answer to the oldest offer: the keys that the other side has not. */
  async answer(): Promise<readonly Edn[]> {
    for (;;) {
      const keys = this.#answers.shift();
      if (keys !== undefined) {
        this.#made.shift();
        return keys;
      }
      await this.#outlet.rung();
    }
  }

  #take(keys: readonly Edn[]): void {
    const offered = this.#made[this.#answers.length];
    if (offered === undefined || !keys.every((key) => offered.has(identity(key)))) {
      throw new SyncError("PROTOCOL_VIOLATION", "a need of what was not offered");
    }
    this.#answers.push(keys);
    this.#outlet.answered();
  }
}
