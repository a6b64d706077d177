/** Which transactions are ours, among all that a server reports. */
import { type Edn, identity, type Uuid } from "@datahike-sync/edn";

/** More than this many that were never reported are forgotten, the oldest first. */
const MAX_KEPT = 1_000;

export class OwnTransactions {
  readonly #ids = new Set<string>();

  add(id: Uuid): void {
    this.#ids.add(id.identity);
    if (this.#ids.size <= MAX_KEPT) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  /** Whether it is one of ours; once. */
  take(id: Edn): boolean {
    return this.#ids.delete(identity(id));
  }
}
