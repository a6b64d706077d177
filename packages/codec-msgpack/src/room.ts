/** An array with room for just so many items. To push them would take more time, and more room. */
export function roomFor<T>(count: number): T[] {
  // oxlint-disable-next-line unicorn/no-new-array -- there is no other way to an array of this size
  return new Array<T>(count);
}
