/** @packageDocumentation What reading bytes costs, for authors of codecs. */
import { type Edn, kindOf } from "@datahike-sync/edn";
import { exceeded } from "./codec-failure.ts";

/** An array with room for just so many items. To push them takes three times as long, and more room. */
export function roomFor<T>(count: number): T[] {
  // oxlint-disable-next-line unicorn/no-new-array -- there is no other way to an array of this size
  return new Array<T>(count);
}

/** Whether it takes long to tell a key from others: it holds further values, or many digits. */
export function isCostlyKey(key: Edn): boolean {
  switch (kindOf(key)) {
    case "vector":
    case "list":
    case "rawList":
    case "map":
    case "set":
    case "record":
    case "tagged":
    case "numberArray":
    case "extension":
    case "bigInteger":
    case "decimal":
    case "ratio":
      return true;
    default:
      return false;
  }
}

/** What an object takes, roughly, where pointers have eight bytes: a list 60, a byte array 200. */
const OBJECT_COST = 128;
const ITEM_COST = 8;
/** What a key takes in the index of its map or set. */
const KEY_COST = 64;
/** What it costs to tell a costly key from others, for each of its bytes. */
const KEY_BYTE_COST = 32;
/** What a keyword takes in the table of all keywords. */
const KEYWORD_COST = 256;

/**
 * Counts what a value costs beyond its bytes, up to the limit `maxExpansion`. The reader and the writer
 * of a format count alike. Offsets are those in the input; a writer has none.
 *
 * Every method throws `CODEC_LIMIT` when it is too much.
 */
export class Budget {
  readonly #max: number;
  #spent = 0;
  #repeated = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The length of all that was repeated so far. */
  get repeated(): number {
    return this.#repeated;
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

  /** A keyword at its first mention. */
  keyword(offset?: number): void {
    this.#spend(KEYWORD_COST, offset);
  }

  /** A ratio whose parts take so many bytes: the time to reduce it grows with their product. */
  ratio(bytes: number, offset?: number): void {
    this.#spend(bytes ** 2, offset);
  }

  /** Something of this length, mentioned again. */
  repeat(length: number, offset?: number): void {
    this.#repeated += length;
    this.#spend(length, offset);
  }

  /** A key of a map or an item of a set. */
  key(offset?: number): void {
    this.#spend(KEY_COST, offset);
  }

  /** A key that takes so many bytes, with what it repeats, and long to be told from others. */
  costlyKey(bytes: number, offset?: number): void {
    this.#spend(bytes * KEY_BYTE_COST, offset);
  }

  #spend(cost: number, offset: number | undefined): void {
    this.#spent += cost;
    if (this.#spent > this.#max) throw exceeded("maxExpansion", this.#max, offset);
  }
}
