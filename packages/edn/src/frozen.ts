/** The items in a frozen array: the very array if it is frozen already, since nobody can change it. */
export function frozenArray<T>(items: Iterable<T>): readonly T[] {
  return Array.isArray(items) && Object.isFrozen(items) ? items : Object.freeze([...items]);
}
