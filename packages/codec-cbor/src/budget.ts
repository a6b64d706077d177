import { isCostlyKey } from "@datahike-sync/core/codec-cost";
import { exceeded } from "@datahike-sync/core/codec-failure";
import type { Edn } from "@datahike-sync/edn";

/** What an object takes, roughly, where pointers have eight bytes: a list 60, a keyword 200. */
const OBJECT_COST = 128;
const ITEM_COST = 8;
/** What a key takes in the index of its map or set. */
const KEY_COST = 64;
/** What it costs to tell a costly key from others, for each of its bytes. */
const KEY_BYTE_COST = 32;

/**
 * Counts what a value costs beyond its bytes, up to the limit `maxExpansion`. The reader and the writer
 * count alike. Offsets are those in the input; the writer has none.
 */
export class Budget {
  readonly #max: number;
  #spent = 0;
  /** The length of all strings that references have repeated so far. */
  repeated = 0;

  constructor(max: number) {
    this.#max = max;
  }

  object(offset?: number): void {
    this.#spend(OBJECT_COST, offset);
  }

  /** A collection of so many items. */
  collection(items: number, offset?: number): void {
    this.#spend(OBJECT_COST + items * ITEM_COST, offset);
  }

  /** Items of a collection whose number was not told before. */
  items(count: number, offset?: number): void {
    this.#spend(count * ITEM_COST, offset);
  }

  /** A ratio whose parts take so many bytes: the time to reduce it grows with their product. */
  ratio(bytes: number, offset?: number): void {
    this.#spend(bytes ** 2, offset);
  }

  /** A string or byte array of this length, mentioned again. */
  repeat(length: number, offset?: number): void {
    this.repeated += length;
    this.#spend(length, offset);
  }

  /** A key of a map or an item of a set, which takes so many bytes. */
  key(key: Edn, bytes: number, offset?: number): void {
    this.#spend(isCostlyKey(key) ? KEY_COST + bytes * KEY_BYTE_COST : KEY_COST, offset);
  }

  #spend(bytes: number, offset: number | undefined): void {
    this.#spent += bytes;
    if (this.#spent > this.#max) throw exceeded("maxExpansion", this.#max, offset);
  }
}
