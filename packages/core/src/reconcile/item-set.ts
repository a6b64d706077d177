/** What one side holds, in the order of its writer's time, so that any range of it can be compared. */
import { type Edn, identity } from "@datahike-sync/edn";
import { StepChecksum } from "../step-checksum.ts";
import { wireTime } from "../wire/operations.ts";

/** An entry as both sides tell it: a key at a time of its writer. */
export interface Item {
  readonly key: Edn;
  readonly lastWrite: number;
  readonly immutable: boolean;
}

/** What separates two neighbours: everything before it is in the range that ends here. */
export interface Bound {
  readonly lastWrite: number;
  /** The identity of a key, or as much of it as is needed. */
  readonly id: string;
}

/** An item that knows its place in the order. */
export interface PlacedItem extends Item, Bound {}

/**
 * Items in the order of `lastWrite`, then identity: what was written together is together, so that
 * differences, which mostly are what was written lately, fall into few ranges.
 */
export class ItemSet {
  readonly #items: readonly PlacedItem[];
  /** Before each item, and behind the last, the sum of the fingerprints so far. */
  readonly #sums: BigUint64Array;

  constructor(items: Iterable<Item>) {
    this.#items = Array.from(items, placed).sort(compareBounds);
    this.#sums = new BigUint64Array(this.#items.length + 1);
    const checksum = new StepChecksum();
    let at = 0;
    for (const { id, lastWrite } of this.#items) {
      checksum.add("offer", id, lastWrite, 0);
      this.#sums[++at] = checksum.fingerprint;
    }
  }

  get size(): number {
    return this.#items.length;
  }

  /** The items of these places. */
  slice(from: number, to: number): readonly PlacedItem[] {
    return this.#items.slice(from, to);
  }

  /** The sum of the fingerprints of these places' items, modulo 2^64. */
  sum(from: number, to: number): bigint {
    return BigInt.asUintN(64, (this.#sums[to] ?? 0n) - (this.#sums[from] ?? 0n));
  }

  /** The place of the first item that is not before this bound. */
  placeOf(bound: Bound): number {
    let low = 0;
    for (let high = this.size; low < high; ) {
      const middle = (low + high) >>> 1;
      const item = this.#items[middle];
      if (item !== undefined && compareBounds(item, bound) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The shortest bound between the item of this place and the one before it. */
  boundAt(place: number): Bound {
    const before = this.#items[place - 1];
    const item = this.#items[place];
    if (before === undefined || item === undefined) {
      throw new RangeError("no two items meet at this place");
    }
    const { lastWrite, id } = item;
    if (before.lastWrite !== lastWrite) return { lastWrite, id: "" };
    return { lastWrite, id: id.slice(0, separation(before.id, id)) };
  }
}

/** Before 0, after 0, or the same. */
export function compareBounds(a: Bound, b: Bound): number {
  if (a.lastWrite !== b.lastWrite) return a.lastWrite - b.lastWrite;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

function placed({ key, lastWrite, immutable }: Item): PlacedItem {
  return { key, lastWrite: wireTime(lastWrite), immutable, id: identity(key) };
}

/** How much of `id` is needed to be behind `before`. */
function separation(before: string, id: string): number {
  let length = 0;
  while (length < id.length && before[length] === id[length]) length++;
  length++;
  // Half a surrogate pair is no text that a codec could write.
  return isHighSurrogate(id.charCodeAt(length - 1)) ? length + 1 : length;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
