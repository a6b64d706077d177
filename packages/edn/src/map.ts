import { identity, joinIdentities } from "./identity.ts";
import type { Edn } from "./value.ts";

/** Up to here a look through the keys is quicker than an index, and needs no identities. */
const SMALL = 8;

/**
 * An immutable map from EDN values to EDN values, in the order in which its keys were first given.
 * Keys are found by {@link identity}: `map.get(keyword("a"))`, `map.get([1, 2])`.
 */
export class EdnMap {
  readonly #keys: readonly Edn[];
  readonly #values: readonly Edn[];
  #index: ReadonlyMap<string, number> | undefined;
  #identity: string | undefined;

  /** When a key is given twice, the later value wins and keeps the earlier place, as in `Map`. */
  constructor(entries: Iterable<readonly [key: Edn, value: Edn]> = []) {
    const keys: Edn[] = [];
    const values: Edn[] = [];
    let index: Map<string, number> | undefined;
    for (const [key, value] of entries) {
      index ??= keys.length < SMALL ? undefined : indexOf(keys);
      const place = index === undefined ? findKey(keys, key) : index.get(identity(key));
      if (place === undefined) {
        index?.set(identity(key), keys.length);
        keys.push(key);
        values.push(value);
      } else {
        values[place] = value;
      }
    }
    this.#keys = keys;
    this.#values = values;
    this.#index = index;
  }

  get ednKind(): "map" {
    return "map";
  }

  get identity(): string {
    return (this.#identity ??= joinIdentities("{", this.#sortedEntries()));
  }

  get size(): number {
    return this.#keys.length;
  }

  get(key: Edn): Edn | undefined {
    const place = this.#find(key);
    return place === undefined ? undefined : this.#values[place];
  }

  has(key: Edn): boolean {
    return this.#find(key) !== undefined;
  }

  /** A new map with this entry. */
  with(key: Edn, value: Edn): EdnMap {
    return new EdnMap([...this, [key, value]]);
  }

  /** A new map without this key. */
  without(key: Edn): EdnMap {
    const place = this.#find(key);
    return place === undefined ? this : new EdnMap([...this].toSpliced(place, 1));
  }

  keys(): IterableIterator<Edn> {
    return this.#keys[Symbol.iterator]();
  }

  values(): IterableIterator<Edn> {
    return this.#values[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<[key: Edn, value: Edn], undefined> {
    for (let i = 0; i < this.#keys.length; i++) {
      yield [this.#keys[i] as Edn, this.#values[i] as Edn];
    }
  }

  #find(key: Edn): number | undefined {
    if (this.#keys.length <= SMALL) return findKey(this.#keys, key);
    this.#index ??= indexOf(this.#keys);
    return this.#index.get(identity(key));
  }

  #sortedEntries(): string[] {
    const entries: string[] = [];
    for (const [key, value] of this)
      entries.push(joinIdentities("", [identity(key), identity(value)]));
    return entries.sort();
  }
}

function indexOf(keys: readonly Edn[]): Map<string, number> {
  return new Map(keys.map((key, place) => [identity(key), place]));
}

function findKey(keys: readonly Edn[], key: Edn): number | undefined {
  const same = keys.indexOf(key);
  if (same >= 0) return same;
  // Interned: a keyword that is not there as an object is not there at all.
  if (typeof key === "object" && key !== null && "ednKind" in key && key.ednKind === "keyword") {
    return undefined;
  }
  const wanted = identity(key);
  const place = keys.findIndex((other) => identity(other) === wanted);
  return place < 0 ? undefined : place;
}
