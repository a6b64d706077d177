import type { NodeSource } from "@datahike-sync/btset";
import type { ReadOptions, WalkOptions } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";

/** After how many keys progress is told. */
const STRIDE = 256;

/** A store as a walk reads it: counts what is read and what is yielded, and tells now and then. */
export class CountedSource implements NodeSource {
  readonly #source: NodeSource;
  readonly #onProgress: WalkOptions["onProgress"];
  #keys = 0;
  #decoded = 0;
  #told = 0;

  constructor(source: NodeSource, onProgress: WalkOptions["onProgress"]) {
    this.#source = source;
    this.#onProgress = onProgress;
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined> {
    this.#decoded++;
    return this.#source.get(key, options);
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]> {
    this.#decoded += keys.length;
    return this.#source.getMany(keys, options);
  }

  has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return this.#source.has(key, options);
  }

  /** Notes values that were decoded elsewhere. */
  countDecoded(values: number): void {
    this.#decoded += values;
  }

  /** Notes a key that the walk is about to yield. */
  countKey(): void {
    this.#keys++;
    if (this.#keys - this.#told >= STRIDE) this.report();
  }

  /** Tells how far the walk has come. */
  report(): void {
    this.#told = this.#keys;
    this.#onProgress?.({ keys: this.#keys, decoded: this.#decoded });
  }
}
