/** Count and fingerprint of what a catch-up sent, to be compared with what arrived. */
import { type WireOperation, wireTime } from "./wire/operations.ts";

/** What is counted: operations but parts, whose set has the whole length, and offered keys. */
export type CheckedOp = Exclude<WireOperation["op"], "part"> | "offer";

/**
 * Counts operations and adds up their hashes, in whatever order they come. The hash has two lanes of 32
 * bits, because 64 at once would cost a bigint for each operation. It finds what was lost, doubled or
 * mixed up on the way; it is no defence against a peer that means harm.
 */
export class StepChecksum {
  #count = 0;
  #high = 0;
  #low = 0;

  get count(): number {
    return this.#count;
  }

  /** The sum of the hashes, modulo 2^64. */
  get fingerprint(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /**
   * @param id The identity of the key.
   * @param lastWrite Of an offer 0.
   * @param valueBytes The length of the whole value; of a delete or an offer 0.
   */
  add(op: CheckedOp, id: string, lastWrite: number, valueBytes: number): void {
    const time = wireTime(lastWrite);
    const late = Math.floor(time / TWO_TO_32);
    const number = NUMBERS[op];
    let a = FIRST_A;
    let b = FIRST_B;
    for (let at = 0; at < id.length; at++) {
      const unit = id.charCodeAt(at);
      a = Math.imul(a ^ unit, PRIME_A);
      b = Math.imul(b ^ unit, PRIME_B);
    }
    a = mixed(mixed(a, number, PRIME_A), late, PRIME_A);
    b = mixed(mixed(b, number, PRIME_B), late, PRIME_B);
    a = mixed(mixed(a, time, PRIME_A), valueBytes, PRIME_A);
    b = mixed(mixed(b, time, PRIME_B), valueBytes, PRIME_B);
    this.#count++;
    const low = this.#low + (finished(a ^ b) >>> 0);
    this.#low = low >>> 0;
    this.#high = (this.#high + (finished(b) >>> 0) + (low > this.#low ? 1 : 0)) >>> 0;
  }

  /** Forgets everything: a new step begins. */
  reset(): void {
    this.#count = 0;
    this.#high = 0;
    this.#low = 0;
  }
}

const NUMBERS: Readonly<Record<CheckedOp, number>> = {
  node: 0,
  cell: 1,
  pointer: 2,
  deleteNode: 3,
  delete: 4,
  offer: 6,
};

const TWO_TO_32 = 2 ** 32;

// Offsets and multipliers of FNV-1a and of MurmurHash3: odd, and with bits all over.
const FIRST_A = 0x811c9dc5 | 0;
const FIRST_B = 0x9747b28c | 0;
const PRIME_A = 0x01000193;
const PRIME_B = 0xcc9e2d51 | 0;

/** Takes in one more word. Brings the high bits down first: multiplying only carries upwards. */
function mixed(lane: number, word: number, prime: number): number {
  return Math.imul(lane ^ (lane >>> 15) ^ word, prime);
}

/** Spreads every bit over the word, as MurmurHash3 ends. */
function finished(lane: number): number {
  let word = lane ^ (lane >>> 16);
  word = Math.imul(word, 0x85ebca6b);
  word ^= word >>> 13;
  word = Math.imul(word, 0xc2b2ae35);
  return word ^ (word >>> 16);
}
