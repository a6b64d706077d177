import { identity, joinIdentities } from "./identity.ts";
import { findKey, indexKeys, type KeyIndex } from "./keys.ts";
import type { Edn } from "./value.ts";

/**
 * An immutable map from EDN values to EDN values, in the order in which its keys were first given.
 * Keys are found by {@link identity}: `map.get(keyword("a"))`, `map.get([1, 2])`.
 */
export class EdnMap {
  /** Keys and values in turn. */
  #items: readonly Edn[];
  #index: KeyIndex | undefined;
  #identity: string | undefined;

  /** When a key is given twice, the later value wins and keeps the earlier place, as in `Map`. */
  constructor(entries: Iterable<readonly [key: Edn, value: Edn]> = []) {
    const items: Edn[] = [];
    for (const [key, value] of entries) items.push(key, value);
    this.#index = indexKeys(items, 2);
    this.#items = items;
    Object.freeze(this);
  }

  /**
   * The map of keys and values in turn. The array belongs to the map from now on.
   *
   * @throws {RangeError} when the last key has no value.
   */
  static fromFlat(items: Edn[]): EdnMap {
    if (items.length % 2 !== 0) throw new RangeError("the last key has no value");
    const map = new EdnMap();
    map.#index = indexKeys(items, 2);
    map.#items = items;
    return map;
  }

  get ednKind(): "map" {
    return "map";
  }

  get identity(): string {
    return (this.#identity ??= joinIdentities("{", this.#sortedEntries()));
  }

  get size(): number {
    return this.#items.length / 2;
  }

  get(key: Edn): Edn | undefined {
    const place = findKey(this.#items, 2, this.#index, key);
    return place < 0 ? undefined : this.#items[place + 1];
  }

  has(key: Edn): boolean {
    return findKey(this.#items, 2, this.#index, key) >= 0;
  }

  /** A new map with this entry. Takes time in the size of the map. */
  with(key: Edn, value: Edn): EdnMap {
    return EdnMap.fromFlat([...this.#items, key, value]);
  }

  /** A new map without this key. Takes time in the size of the map. */
  without(key: Edn): EdnMap {
    const place = findKey(this.#items, 2, this.#index, key);
    return place < 0 ? this : EdnMap.fromFlat(this.#items.toSpliced(place, 2));
  }

  *keys(): IterableIterator<Edn> {
    for (let i = 0; i < this.#items.length; i += 2) yield this.#items[i] as Edn;
  }

  *values(): IterableIterator<Edn> {
    for (let i = 1; i < this.#items.length; i += 2) yield this.#items[i] as Edn;
  }

  *[Symbol.iterator](): IterableIterator<[key: Edn, value: Edn]> {
    for (let i = 0; i < this.#items.length; i += 2) {
      yield [this.#items[i] as Edn, this.#items[i + 1] as Edn];
    }
  }

  #sortedEntries(): string[] {
    const entries: string[] = [];
    for (let i = 0; i < this.#items.length; i += 2) {
      const key = identity(this.#items[i] as Edn);
      entries.push(joinIdentities("", [key, identity(this.#items[i + 1] as Edn)]));
    }
    return entries.sort();
  }
}
