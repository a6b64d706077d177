/** The nodes that somebody is reading, counted. */
import { type Edn, identity } from "@datahike-sync/edn";

export class Pins {
  readonly #counts = new Map<string, number>();

  /** Returns the function that lets go, which may be called again. */
  add(keys: Iterable<Edn>): () => void {
    const ids = Array.from(keys, identity);
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    return () => {
      for (const id of ids.splice(0)) {
        const count = (this.#counts.get(id) ?? 0) - 1;
        if (count > 0) this.#counts.set(id, count);
        else this.#counts.delete(id);
      }
    };
  }

  has(key: Edn): boolean {
    return this.#counts.has(identity(key));
  }
}
