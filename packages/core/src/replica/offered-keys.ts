/** Offers: what of them is here, and in a whole step what the primary did not name. */
import type { Edn } from "@datahike-sync/edn";
import { identityHash } from "../identity-hash.ts";
import type { Store } from "../store.ts";

/** The keys that are not in the store, in their order. */
export async function missingOf(store: Store, keys: readonly Edn[]): Promise<Edn[]> {
  const missing: Edn[] = [];
  for (let from = 0; from < keys.length; from += CHUNK) {
    const some = keys.slice(from, from + CHUNK);
    // Values are not read: they may be all that the store has.
    const held = await Promise.all(some.map((key) => store.has(key)));
    missing.push(...some.filter((_, at) => !held[at]));
  }
  return missing;
}

const CHUNK = 256;

/** All that a step with whole offers names: what a subscription brought beside them goes. */
export class NamedKeys {
  /** Of identities: one that is here and not named is now and then taken for a named one, and stays. */
  readonly #hashes = new Set<number>();

  add(id: string): void {
    this.#hashes.add(identityHash(id));
  }

  has(id: string): boolean {
    return this.#hashes.has(identityHash(id));
  }
}
