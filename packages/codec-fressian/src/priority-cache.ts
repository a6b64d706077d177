import { invalid } from "@datahike-sync/core/codec-failure";
import type { Edn, Keyword } from "@datahike-sync/edn";
import type { Budget } from "./budget.ts";
import type { Input } from "./input.ts";

/** An object of the cache. */
export interface Cached {
  value: Edn;
  /** How many bytes it stands for; while it is read, the position where it began. */
  size: number;
  /** The keyword that it was last the name of, and that one's namespace. */
  keyword: Keyword | undefined;
  namespace: string | null;
}

/** The objects that later bytes may refer to, in the order in which they begin. */
export class PriorityCache {
  readonly #in: Input;
  readonly #budget: Budget;
  #entries: Cached[] = [];

  constructor(input: Input, budget: Budget) {
    this.#in = input;
    this.#budget = budget;
  }

  /** The place of the next object, which is taken before those inside it are read. */
  begin(): Cached {
    this.#budget.object();
    const size = this.#budget.position;
    const entry: Cached = { value: UNREAD, size, keyword: undefined, namespace: null };
    this.#entries.push(entry);
    return entry;
  }

  /** Fills the place of an object that is read, and gives the object. */
  end(entry: Cached, value: Edn): Edn {
    entry.value = value;
    entry.size = this.#budget.position - entry.size;
    return value;
  }

  /** The object that a code refers to, or `undefined` where the code is another. */
  recall(code: number): Cached | undefined {
    if (code >= 0x80 && code < 0xa0) return this.at(code - 0x80);
    return code === 0xcc ? this.at(this.#in.index()) : undefined;
  }

  /** The object at an index. */
  at(index: number): Cached {
    const entry = this.#entries[index];
    if (entry === undefined || entry.value === UNREAD) {
      const message = entry === undefined ? "no cached object here" : "an object inside itself";
      throw invalid(message, this.#in.at - 1, { index });
    }
    this.#budget.repeat(entry.size);
    return entry;
  }

  clear(): void {
    this.#entries = [];
  }
}

/** Stands in for an object until it is read. */
const UNREAD: Edn = Object.freeze([]);
