import type { Datom } from "./datom.ts";
import { type DatomPlace, type DatomPrefix, datomPlace } from "./datom-order.ts";
import { firstPlace } from "./first-place.ts";
import type { IndexType } from "./node.ts";

/** Which datoms to read: all from `from` up to and with `to`, in the order of the index. */
export interface SliceBounds {
  /** Default: the first datom. */
  readonly from?: DatomPrefix | undefined;
  /** Default: the last datom. */
  readonly to?: DatomPrefix | undefined;
  /** From `to` down to `from`. Default false. */
  readonly reverse?: boolean | undefined;
}

/** Part of an array: from `start` up to but without `end`. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** The bounds of a slice, to be held against branches and leaves. */
export class Slice {
  readonly reverse: boolean;
  readonly #from: DatomPlace | undefined;
  readonly #to: DatomPlace | undefined;

  constructor(index: IndexType, { from, to, reverse = false }: SliceBounds) {
    this.reverse = reverse;
    this.#from = from && datomPlace(index, from);
    this.#to = to && datomPlace(index, to);
  }

  /** The children that may hold datoms of the slice, by the largest datom below each. */
  children(separators: readonly Datom[]): Span {
    const { start, end } = this.#span(separators);
    // The child of the first separator beyond the slice may begin within it.
    return { start, end: Math.min(end + 1, separators.length) };
  }

  /** The datoms of a leaf that are in the slice, in its direction: the very array where all are. */
  clip(datoms: readonly Datom[]): readonly Datom[] {
    const { start, end } = this.#span(datoms);
    const clipped = start === 0 && end === datoms.length ? datoms : datoms.slice(start, end);
    return this.reverse ? clipped.toReversed() : clipped;
  }

  #span(datoms: readonly Datom[]): Span {
    const [from, to] = [this.#from, this.#to];
    const start = from === undefined ? 0 : firstPlace(datoms, (datom) => from(datom) >= 0);
    const end = to === undefined ? datoms.length : firstPlace(datoms, (datom) => to(datom) > 0);
    return { start, end: Math.max(start, end) };
  }
}
