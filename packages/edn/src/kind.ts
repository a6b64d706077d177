import type { EdnObject } from "./value.ts";

/** The kinds of values that have a class of their own, told by its `ednKind`. */
export type ObjectKind =
  | "keyword"
  | "symbol"
  | "uuid"
  | "map"
  | "set"
  | "list"
  | "rawList"
  | "char"
  | "ratio"
  | "decimal"
  | "double"
  | "float"
  | "bigInteger"
  | "uri"
  | "regex"
  | "numberArray"
  | "record"
  | "tagged"
  | "extension";

/**
 * The kinds of EDN values. A `number` is a `"long"` when it is a safe integer and a `"double"`
 * otherwise; a `bigint` is a `"long"` within 64 bits and a `"bigInteger"` beyond.
 */
export type Kind = "nil" | "boolean" | "long" | "string" | "inst" | "bytes" | "vector" | ObjectKind;

const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;

/**
 * The kind of a value, or `undefined` for what is no EDN value (functions, plain objects, …). Looks
 * at `ednKind` and not at classes, so values from another copy of this package are recognised.
 */
export function kindOf(value: unknown): Kind | undefined {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return Number.isSafeInteger(value) ? "long" : "double";
    case "boolean":
      return "boolean";
    case "bigint":
      return isLong(value) ? "long" : "bigInteger";
    case "object":
      return value === null ? "nil" : kindOfObject(value);
    default:
      return undefined;
  }
}

/** Whether a value is of this kind, one of those with a class of their own. */
export function isKind<K extends ObjectKind>(
  value: unknown,
  kind: K,
): value is Extract<EdnObject, { readonly ednKind: K }> {
  return (
    typeof value === "object" && value !== null && "ednKind" in value && value.ednKind === kind
  );
}

/** Whether a bigint fits in 64 bits, as Clojure's long does. */
export function isLong(value: bigint): boolean {
  return value >= MIN_LONG && value <= MAX_LONG;
}

/** The error that a value is none of EDN. */
export function notEdn(value: unknown): TypeError {
  return new TypeError(`not an EDN value: ${describe(value)}`);
}

function kindOfObject(value: object): Kind | undefined {
  if (Array.isArray(value)) return "vector";
  const kind = (value as { readonly ednKind?: ObjectKind }).ednKind;
  if (kind !== undefined) return kind;
  if (value instanceof Uint8Array) return "bytes";
  return value instanceof Date ? "inst" : undefined;
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null
    ? "a plain object (fromJs makes a map of it)"
    : `a ${String(value.constructor?.name)}`;
}
