/** Reads of the backend whose answers are to go into the frontend, as long as nobody changes the keys. */
import { type Edn, identity } from "@datahike-sync/edn";

/** Of one key: how many reads are under way, and whether it has changed since the first of them began. */
interface Watched {
  reads: number;
  isChanged: boolean;
}

export class Fills {
  readonly #watched = new Map<string, Watched>();

  /**
   * Runs a job that reads these keys and then, without waiting, puts into the frontend those of which
   * `isGood(at)` says that the key at that place is still as it was read.
   */
  async during<T>(
    keys: readonly Edn[],
    job: (isGood: (at: number) => boolean) => Promise<T>,
  ): Promise<T> {
    const ids = keys.map(identity);
    const watches = ids.map((id) => this.#begin(id));
    try {
      return await job((at) => watches[at]?.isChanged === false);
    } finally {
      ids.forEach((id, at) => this.#end(id, watches[at]));
    }
  }

  /** What was read of this key until now must not be kept. */
  spoil(id: string): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    watched.isChanged = true;
    // Reads that begin from now on see the change.
    this.#watched.delete(id);
  }

  spoilAll(): void {
    for (const id of Array.from(this.#watched.keys())) this.spoil(id);
  }

  #begin(id: string): Watched {
    const watched = this.#watched.get(id) ?? { reads: 0, isChanged: false };
    watched.reads++;
    this.#watched.set(id, watched);
    return watched;
  }

  #end(id: string, watched: Watched | undefined): void {
    if (watched === undefined || watched.isChanged) return;
    watched.reads--;
    if (watched.reads === 0) this.#watched.delete(id);
  }
}
