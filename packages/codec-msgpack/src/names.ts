import type { Keyword } from "@datahike-sync/edn";

/** The names written so far of one kind, each with its place among them. */
export class Places<T> {
  #places: Map<T, number> | undefined;

  /** The place of a name, or -1 at its first mention, which gives it the next place. */
  placeOf(name: T): number {
    // Most values are small and have no names.
    this.#places ??= new Map();
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    this.#places.set(name, this.#places.size);
    return -1;
  }
}

/** How long a keyword is as text, roughly: what a mention of it can make someone copy. */
export function nameLength({ namespace, name }: Keyword): number {
  return (namespace === null ? 0 : namespace.length) + name.length;
}
