import type { ReadOptions } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";

/** What reading a tree needs of a store; every `ReadableStore` has it. */
export interface NodeSource {
  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  has(key: Edn, options?: ReadOptions): Promise<boolean>;
}
