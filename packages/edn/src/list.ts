import { frozenArray } from "./frozen.ts";
import { identity, joinIdentities } from "./identity.ts";
import type { Edn } from "./value.ts";

abstract class Sequence {
  /** The items, frozen. */
  readonly items: readonly Edn[];
  #identity: string | undefined;

  constructor(items: Iterable<Edn>) {
    this.items = frozenArray(items);
    Object.freeze(this);
  }

  /** That of a vector with the same items: Clojure calls them equal. */
  get identity(): string {
    return (this.#identity ??= joinIdentities("(", this.items.map(identity)));
  }

  get length(): number {
    return this.items.length;
  }

  [Symbol.iterator](): IterableIterator<Edn> {
    return this.items[Symbol.iterator]();
  }
}

/** A list or sequence, `(1 2 3)`. Equal to a vector of the same items. Made by {@link list}. */
export class EdnList extends Sequence {
  get ednKind(): "list" {
    return "list";
  }
}

/**
 * A Java list that is no Clojure list: what Fressian's raw list becomes on the JVM. Kept apart so
 * that writing it again gives the same bytes. Equal to a vector of the same items.
 */
export class RawList extends Sequence {
  get ednKind(): "rawList" {
    return "rawList";
  }
}

/** The list of these items. */
export function list(...items: readonly Edn[]): EdnList {
  return new EdnList(items);
}

/** The raw list of these items. */
export function rawList(...items: readonly Edn[]): RawList {
  return new RawList(items);
}
