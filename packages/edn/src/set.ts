import { identity, joinIdentities } from "./identity.ts";
import type { Edn } from "./value.ts";

/** An immutable set of EDN values, in the order in which they were first given. */
export class EdnSet {
  readonly #items: ReadonlyMap<string, Edn>;
  #identity: string | undefined;

  constructor(items: Iterable<Edn> = []) {
    const byIdentity = new Map<string, Edn>();
    for (const item of items) {
      const key = identity(item);
      if (!byIdentity.has(key)) byIdentity.set(key, item);
    }
    this.#items = byIdentity;
  }

  get ednKind(): "set" {
    return "set";
  }

  get identity(): string {
    return (this.#identity ??= joinIdentities("#", [...this.#items.keys()].sort()));
  }

  get size(): number {
    return this.#items.size;
  }

  has(item: Edn): boolean {
    return this.#items.has(identity(item));
  }

  [Symbol.iterator](): IterableIterator<Edn> {
    return this.#items.values();
  }
}
