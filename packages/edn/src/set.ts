import { identity, joinIdentities } from "./identity.ts";
import { findKey, indexKeys, type KeyIndex } from "./keys.ts";
import type { Edn } from "./value.ts";

/** An immutable set of EDN values, in the order in which they were first given. */
export class EdnSet {
  readonly #items: readonly Edn[];
  readonly #index: KeyIndex | undefined;
  #identity: string | undefined;

  constructor(items: Iterable<Edn> = []) {
    const distinct = [...items];
    this.#index = indexKeys(distinct, 1);
    this.#items = distinct;
    Object.freeze(this);
  }

  get ednKind(): "set" {
    return "set";
  }

  get identity(): string {
    return (this.#identity ??= joinIdentities("#", this.#items.map(identity).sort()));
  }

  get size(): number {
    return this.#items.length;
  }

  has(item: Edn): boolean {
    return findKey(this.#items, 1, this.#index, item) >= 0;
  }

  [Symbol.iterator](): IterableIterator<Edn> {
    return this.#items[Symbol.iterator]();
  }
}
