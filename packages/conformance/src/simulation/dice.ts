/** Random numbers from a seed, the same on every platform. */

export class Dice {
  #state: number;

  /** @param salt Makes other numbers of the same seed. */
  constructor(seed: number, salt = 0) {
    this.#state = (Math.imul(seed | 0, 0x9e37_79b1) ^ Math.imul(salt + 1, 0x85eb_ca6b)) | 0;
    // Seeds that are near each other begin alike.
    this.next();
    this.next();
  }

  /** At least 0, below 1. */
  next(): number {
    // mulberry32.
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, at least 0 and below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(chance: number): boolean {
    return this.next() < chance;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("nothing to pick from");
    return items[this.below(items.length)] as T;
  }

  /** Items with weights: the greater, the more often. */
  weigh<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.next() * items.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return this.pick(items)[1];
  }
}
