import { exceeded } from "@datahike-sync/core/codec-failure";
import type { Input } from "./input.ts";

/** What an object takes, roughly, where pointers have eight bytes: a list 60, a byte array 200. */
const OBJECT_BYTES = 128;
const ITEM_BYTES = 8;
/** What it costs to tell a costly key from others, for each of its bytes. */
const IDENTITY_COST = 32;

/** Counts what a value costs beyond its bytes, up to the limit `maxExpansion`. */
export class Budget {
  readonly #in: Input;
  readonly #max: number;
  #spent = 0;
  /** How many bytes references to cached objects stand for. */
  #repeated = 0;

  constructor(input: Input, max: number) {
    this.#in = input;
    this.#max = max;
  }

  /** Grows by the bytes that a value stands for: those read, and those that references repeat. */
  get position(): number {
    return this.#in.at + this.#repeated;
  }

  object(): void {
    this.spend(OBJECT_BYTES);
  }

  items(count: number): void {
    this.spend(count * ITEM_BYTES);
  }

  /** For a reference to an object of this many bytes. */
  repeat(bytes: number): void {
    this.#repeated += bytes;
    this.spend(bytes);
  }

  /** For a key that began at this position and is told from others by all that it holds. */
  identity(start: number): void {
    this.spend(IDENTITY_COST * (this.position - start));
  }

  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent > this.#max) throw exceeded("maxExpansion", this.#max, this.#in.at);
  }
}
