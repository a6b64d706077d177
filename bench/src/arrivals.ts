/** When keys arrive at a replica. */
import { type Edn, identity } from "@datahike-sync/edn";
import { sharedNowMs } from "./figures.ts";

export class Arrivals {
  /** Resolves to when each key arrived, in the order in which they were given. */
  readonly all: Promise<readonly number[]>;
  /** The places of a key that it has not arrived for. */
  readonly #places = new Map<string, number[]>();
  readonly #times: number[];
  #missing: number;
  #onAll: (times: readonly number[]) => void = () => undefined;

  /** @param keys One that is given twice is to arrive twice. */
  constructor(keys: readonly Edn[]) {
    for (const [at, key] of keys.entries()) {
      const id = identity(key);
      const places = this.#places.get(id);
      if (places === undefined) this.#places.set(id, [at]);
      else places.push(at);
    }
    this.#times = keys.map(() => Number.NaN);
    this.#missing = keys.length;
    this.all = new Promise((resolve) => {
      this.#onAll = resolve;
    });
  }

  add(key: Edn): void {
    const at = this.#places.get(identity(key))?.shift();
    if (at === undefined) return;
    this.#times[at] = sharedNowMs();
    this.#missing--;
    if (this.#missing === 0) this.#onAll(this.#times);
  }
}
