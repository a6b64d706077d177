/** The orders of the three indices, and where a slice of them begins and ends. */
import type { Edn } from "@datahike-sync/edn";
import type { Attribute, Datom } from "./datom.ts";
import type { IndexType } from "./node.ts";
import { compareValues } from "./value-order.ts";

/** Compares two datoms: negative when the first comes first, 0 when an index holds only one. */
export type DatomOrder = (a: Datom, b: Datom) => number;

/**
 * An end of a slice: the first components of a datom in the order of the index. Those after the
 * first one that is missing do not count; one that is nil is missing.
 */
export interface DatomPrefix {
  readonly e?: number | undefined;
  readonly a?: Attribute | undefined;
  readonly v?: Edn | undefined;
  readonly tx?: number | undefined;
  readonly added?: boolean | undefined;
}

/** Where a datom is seen from an end of a slice: negative before it, 0 at it, positive after it. */
export type DatomPlace = (datom: Datom) => number;

/** The order of an index and of its temporal twin. */
export function datomOrder(index: IndexType): DatomOrder {
  switch (index) {
    case "eavt":
      return (x, y) =>
        x.e - y.e || compareAttributes(x.a, y.a) || compareValues(x.v, y.v) || compareTails(x, y);
    case "aevt":
      return (x, y) =>
        compareAttributes(x.a, y.a) || x.e - y.e || compareValues(x.v, y.v) || compareTails(x, y);
    default:
      return (x, y) =>
        compareAttributes(x.a, y.a) || compareValues(x.v, y.v) || x.e - y.e || compareTails(x, y);
  }
}

/** Where datoms are seen from this prefix, in the order of the index. */
export function datomPlace(index: IndexType, prefix: DatomPrefix): DatomPlace {
  const given: ((datom: Datom) => number)[] = [];
  for (const component of COMPONENTS[index]) {
    const bound = prefix[component] ?? null;
    if (bound === null) break;
    given.push((datom) => compareValues(datom[component], bound));
  }
  return (datom) => {
    for (const compare of given) {
      const order = compare(datom);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Compares two attributes: keywords by name, numbers by value. */
export function compareAttributes(a: Attribute, b: Attribute): number {
  return a === b ? 0 : compareValues(a, b);
}

const COMPONENTS: Readonly<Record<IndexType, readonly (keyof DatomPrefix)[]>> = {
  eavt: ["e", "a", "v", "tx", "added"],
  aevt: ["a", "e", "v", "tx", "added"],
  avet: ["a", "v", "e", "tx", "added"],
};

function compareTails(a: Datom, b: Datom): number {
  return a.tx - b.tx || Number(a.added) - Number(b.added);
}
