/** An array with room for this many items, which takes a third of the time that pushing them takes. */
export function roomFor<T>(count: number): T[] {
  // oxlint-disable-next-line unicorn/no-new-array -- the only way to an array of just this size
  return new Array<T>(count);
}
