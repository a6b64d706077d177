/** The order of values that have one: Clojure's `compare`. */
import { compareNumbers, isNumber, type Order } from "./compare-numbers.ts";
import { isKind, type Kind, kindOf, notEdn } from "./kind.ts";
import type { EdnSymbol, Keyword } from "./name.ts";
import type { Uuid } from "./uuid.ts";
import type { Edn } from "./value.ts";

/**
 * Compares two values as Clojure's `compare` does: nil comes first; numbers of all kinds go by value,
 * strings and characters by UTF-16 unit, false before true, keywords and symbols as
 * {@link compareNames}, UUIDs as {@link compareUuids}, instants by time, vectors by length and then
 * item by item.
 *
 * It is a total order of each of these, which Clojure's is not: a double and a long compare exactly,
 * and NaN comes after every other number.
 *
 * @throws {TypeError} when the two cannot be compared.
 */
export function compare(a: Edn, b: Edn): Order {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b);
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return a ? 1 : -1;
  if (isKind(a, "keyword") && isKind(b, "keyword")) return compareNames(a, b);
  if (isKind(a, "symbol") && isKind(b, "symbol")) return compareNames(a, b);
  if (isKind(a, "uuid") && isKind(b, "uuid")) return compareUuids(a, b);
  if (isKind(a, "char") && isKind(b, "char")) return compareNumbers(a.code, b.code);
  if (a instanceof Date && b instanceof Date) return compareNumbers(a.getTime(), b.getTime());
  if (Array.isArray(a) && Array.isArray(b)) return compareVectors(a, b);
  throw incomparable(a, b);
}

/** Compares two strings by their UTF-16 units, as Java does. */
export function compareStrings(a: string, b: string): Order {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares two keywords or two symbols: without a namespace first, then by it, then by name. */
export function compareNames<T extends Keyword | EdnSymbol>(a: T, b: T): Order {
  if (a.namespace === b.namespace) return compareStrings(a.name, b.name);
  if (a.namespace === null) return -1;
  return b.namespace === null ? 1 : compareStrings(a.namespace, b.namespace);
}

/** Compares two UUIDs as the JVM does: as two signed integers of 64 bits. */
export function compareUuids(a: Uuid, b: Uuid): Order {
  const [a0, a1, a2, a3] = a.words;
  const [b0, b1, b2, b3] = b.words;
  // The first half of each integer has the sign, the second counts upwards.
  return (
    compareNumbers(a0, b0) ||
    compareNumbers(a1 >>> 0, b1 >>> 0) ||
    compareNumbers(a2, b2) ||
    compareNumbers(a3 >>> 0, b3 >>> 0)
  );
}

function compareVectors(a: readonly Edn[], b: readonly Edn[]): Order {
  const byLength = compareNumbers(a.length, b.length);
  if (byLength !== 0) return byLength;
  for (let i = 0; i < a.length; i++) {
    const order = compare(a[i] as Edn, b[i] as Edn);
    if (order !== 0) return order;
  }
  return 0;
}

function incomparable(a: Edn, b: Edn): TypeError {
  return new TypeError(`cannot compare ${nameOf(a)} with ${nameOf(b)}`);
}

function nameOf(value: Edn): Kind {
  const kind = kindOf(value);
  if (kind === undefined) throw notEdn(value);
  return kind;
}
