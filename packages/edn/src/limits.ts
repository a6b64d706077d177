/** How deep this package reads, prints and converts values. Deeper ones could overflow the stack. */
export const MAX_DEPTH = 1000;

/** The longest number that `read` takes unless told otherwise, in characters. */
export const MAX_DIGITS = 2048;

/**
 * The depth one level further in.
 *
 * @throws {RangeError} when that is deeper than {@link MAX_DEPTH}.
 */
export function enter(depth: number): number {
  if (depth >= MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH}, or within itself`);
  return depth + 1;
}
