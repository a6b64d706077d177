/// <reference types="vite/client" />
/** Random cases that can be run again: every case has a number, and the seed is printed. */

/** The seed of this run, printed at its start. Run it again with `SEED=<n> npm test`. */
export const seed: number = Number(import.meta.env["SEED"] ?? 1);

/** A tenth of the random cases in `npm test`, all of them in `npm run prove`. */
const SHARE: number = import.meta.env["ALL_CASES"] === "1" ? 1 : 10;

/** How many of `total` random cases this run takes. */
export function cases(total: number): number {
  return Math.max(1, Math.ceil(total / SHARE));
}

/** Random numbers of one case. The same seed and case give the same numbers on every platform. */
export class Random {
  #state: number;

  constructor(caseNumber: number, from: number = seed) {
    this.#state = (Math.imul(from | 0, 0x9e3779b1) ^ Math.imul(caseNumber + 1, 0x85ebca6b)) | 0;
  }

  /** At least 0, below 1. */
  next(): number {
    // mulberry32: small, and good enough to pick test cases.
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, at least 0 and below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  pick<T extends {}>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}

/** Bytes with up to `changes` of them replaced, inserted, removed or repeated. */
export function mutate(bytes: Uint8Array, random: Random, changes = 4): Uint8Array {
  let mutant = Array.from(bytes);
  for (let count = 1 + random.below(changes); count > 0; count--) {
    const at = random.below(mutant.length + 1);
    const run = 1 + random.below(4);
    switch (random.below(4)) {
      case 0:
        mutant[Math.min(at, Math.max(0, mutant.length - 1))] = random.below(256);
        break;
      case 1:
        mutant.splice(at, 0, ...Array.from({ length: run }, () => random.below(256)));
        break;
      case 2:
        mutant.splice(at, run);
        break;
      default:
        // Not `splice`: what is repeated may be more than a call takes arguments.
        mutant = mutant
          .slice(0, at)
          .concat(mutant.slice(random.below(mutant.length), at + run), mutant.slice(at));
    }
  }
  return Uint8Array.from(mutant);
}
