/** Finds a short run among those that fail as a long one did. */
import { type SimulationOptions, type SimulationResult, simulate } from "./simulate.ts";

/**
 * Leaves out planned actions, many at a time and then one by one, as long as something is violated.
 * Without an action the same choices mean other things: so each attempt is made with several salts.
 */
export async function shrink(
  options: SimulationOptions,
  failed: SimulationResult,
): Promise<Shrunk> {
  let best: Shrunk = {
    result: failed,
    keep: options.keep ?? Array.from({ length: failed.actions }, (_, index) => index),
    salt: options.salt ?? 0,
  };
  let left = MAX_RUNS;
  const attempt = async (keep: readonly number[]): Promise<boolean> => {
    for (const salt of new Set([best.salt, ...SALTS])) {
      if (left-- <= 0) return false;
      const result = await simulate({ ...options, keep, salt });
      if (kindOf(result.violation) !== kindOf(failed.violation)) continue;
      best = { result, keep, salt };
      return true;
    }
    return false;
  };
  for (let size = Math.ceil(best.keep.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.keep.length; ) {
      const { keep } = best;
      const isGone = await attempt([...keep.slice(0, from), ...keep.slice(from + size)]);
      if (!isGone) from += size;
    }
  }
  return best;
}

/** A failing run, and what brings it back. */
export interface Shrunk {
  readonly result: SimulationResult;
  readonly keep: readonly number[];
  readonly salt: number;
}

/** What a violation is about, without names and numbers. */
function kindOf(violation: string | undefined): string {
  return violation?.replaceAll(/[A-Z]'?\d*'? |\d+/g, "").slice(0, 24) ?? "";
}

const SALTS: readonly number[] = [0, 1, 2, 3];
const MAX_RUNS = 600;
