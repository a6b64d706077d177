/** How a range in which two sides differ is taken apart. */
import type { Bound, ItemSet } from "./item-set.ts";
import type { FingerprintRange } from "./ranges.ts";

/** Into how many ranges one is split. */
export const SPLIT = 8;

/** The items between two places as fingerprints of at most {@link SPLIT} ranges, as even as can be. */
export function* split(
  items: ItemSet,
  [from, to]: readonly [from: number, to: number],
  upper: Bound | undefined,
): Generator<FingerprintRange, void> {
  let start = from;
  for (let part = 1; part <= SPLIT; part++) {
    const end = from + Math.floor(((to - from) * part) / SPLIT);
    if (end === start && part < SPLIT) continue;
    yield {
      upper: part === SPLIT ? upper : items.boundAt(end),
      mode: "fingerprint",
      count: end - start,
      sum: items.sum(start, end),
    };
    start = end;
  }
}
