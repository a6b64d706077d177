/** The order of values in an index, exactly as Datahike on the JVM has it. */
import {
  type Char,
  compareNames,
  compareStrings,
  compareUuids,
  type Edn,
  type EdnMap,
  type EdnNumber,
  equals,
  type Keyword,
  type Kind,
  kindOf,
  type NumberArray,
  SyncError,
  type Uri,
  type Uuid,
} from "@datahike-sync/edn";
import { compareNumberValues } from "./number-order.ts";
import { itemsOf } from "./sequence.ts";
import { compareUris } from "./uri-order.ts";

/**
 * Compares two values: negative when `a` comes first, 0 where the index calls them the same.
 *
 * Numbers compare by value whatever their types (`1` is the same as `1.0`), strings by UTF-16 code
 * units, UUIDs as two signed halves, bytes signed, sequences shorter first, and values of different
 * types by the names of their Java classes. Nil comes first.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for two different maps, sets, records, regular expressions
 * or arrays that the JVM orders by their hash.
 */
export function compareValues(a: Edn, b: Edn): number {
  if (a === b) return 0;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return compareNumberValues(a, b);
  if (a === null) return -1;
  if (b === null) return 1;
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  const group = GROUPS[kindA ?? "tagged"];
  if (group !== GROUPS[kindB ?? "tagged"]) return compareStrings(className(a), className(b));
  switch (group) {
    case "number":
      return compareNumberValues(a as EdnNumber, b as EdnNumber);
    case "boolean":
      return a === false ? -1 : 1;
    case "inst":
      return (a as Date).getTime() - (b as Date).getTime();
    case "char":
      return (a as Char).code - (b as Char).code;
    case "keyword":
    case "symbol":
      return compareNames(a as Keyword, b as Keyword);
    case "uuid":
      return compareUuids(a as Uuid, b as Uuid);
    case "bytes":
      return compareBytes(a as Uint8Array, b as Uint8Array);
    case "numberArray":
      return compareArrays(a as NumberArray, b as NumberArray);
    case "sequence":
      return compareSequences(itemsOf(a) ?? [], itemsOf(b) ?? []);
    case "uri":
      return compareUris((a as Uri).text, (b as Uri).text);
    default:
      return compareUnordered(a, b);
  }
}

/** Kinds that are compared with each other by one rule. */
type Group =
  | "number"
  | "sequence"
  | "unordered"
  | Extract<
      Kind,
      | "nil"
      | "boolean"
      | "string"
      | "inst"
      | "bytes"
      | "keyword"
      | "symbol"
      | "uuid"
      | "char"
      | "uri"
      | "numberArray"
    >;

const GROUPS: Readonly<Record<Kind, Group>> = {
  nil: "nil",
  boolean: "boolean",
  string: "string",
  inst: "inst",
  bytes: "bytes",
  keyword: "keyword",
  symbol: "symbol",
  uuid: "uuid",
  char: "char",
  uri: "uri",
  numberArray: "numberArray",
  long: "number",
  double: "number",
  float: "number",
  ratio: "number",
  decimal: "number",
  bigInteger: "number",
  vector: "sequence",
  list: "sequence",
  // A tuple that was no vector comes back as a raw list; it was sorted as the sequence it was.
  rawList: "sequence",
  map: "unordered",
  set: "unordered",
  regex: "unordered",
  record: "unordered",
  tagged: "unordered",
  extension: "unordered",
};

const CLASS_NAMES: Readonly<Record<Kind, string>> = {
  nil: "",
  boolean: "java.lang.Boolean",
  string: "java.lang.String",
  inst: "java.util.Date",
  bytes: "[B",
  keyword: "clojure.lang.Keyword",
  symbol: "clojure.lang.Symbol",
  uuid: "java.util.UUID",
  char: "java.lang.Character",
  uri: "java.net.URI",
  numberArray: "[",
  long: "java.lang.Long",
  double: "java.lang.Double",
  float: "java.lang.Float",
  ratio: "clojure.lang.Ratio",
  decimal: "java.math.BigDecimal",
  bigInteger: "clojure.lang.BigInt",
  vector: "clojure.lang.PersistentVector",
  list: "clojure.lang.PersistentList",
  rawList: "java.util.Arrays$ArrayList",
  map: "clojure.lang.PersistentArrayMap",
  set: "clojure.lang.PersistentHashSet",
  regex: "java.util.regex.Pattern",
  record: "incognito.base.IncognitoTaggedLiteral",
  tagged: "org.fressian.impl.TaggedObject",
  extension: "org.fressian.impl.TaggedObject",
};

const ARRAY_CLASS_NAMES: Readonly<Record<NumberArray["element"], string>> = {
  short: "[S",
  int: "[I",
  long: "[J",
  float: "[F",
  double: "[D",
  boolean: "[Z",
  object: "[Ljava.lang.Object;",
};

/** Fressian's reader on the JVM makes a hash map of this many entries and more. */
const HASH_MAP_SIZE = 8;

function className(value: Edn): string {
  const kind = kindOf(value) ?? "tagged";
  if (kind === "numberArray") return ARRAY_CLASS_NAMES[(value as NumberArray).element];
  if (kind === "map" && (value as EdnMap).size >= HASH_MAP_SIZE) {
    return "clojure.lang.PersistentHashMap";
  }
  return CLASS_NAMES[kind];
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = signed(a[i]) - signed(b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function signed(byte = 0): number {
  return (byte << 24) >> 24;
}

function compareArrays(a: NumberArray, b: NumberArray): number {
  if (a.element !== b.element) return compareStrings(className(a), className(b));
  const [itemsA, itemsB] = [a.items, b.items];
  const floating = itemsA instanceof Float32Array || itemsA instanceof Float64Array;
  if (!floating) return compareUnordered(a, b);
  const shared = Math.min(itemsA.length, itemsB.length);
  for (let i = 0; i < shared; i++) {
    const order = compareDoubles(itemsA[i] ?? 0, Number(itemsB[i]));
    if (order !== 0) return order;
  }
  return itemsA.length - itemsB.length;
}

/** A total order, as Java's `Double.compare`: -0.0 before 0.0, NaN last. */
function compareDoubles(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return rank(a) - rank(b);
}

function rank(value: number): number {
  if (Number.isNaN(value)) return 2;
  return Object.is(value, -0) ? 0 : 1;
}

function compareSequences(a: readonly Edn[], b: readonly Edn[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (const [i, item] of a.entries()) {
    const order = compareValues(item, b[i] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/** What has no order of its own the JVM orders by a hash, which only Clojure can compute. */
function compareUnordered(a: Edn, b: Edn): number {
  if (equals(a, b)) return 0;
  const [nameA, nameB] = [className(a), className(b)];
  if (nameA !== nameB) return compareStrings(nameA, nameB);
  throw new SyncError("CODEC_UNSUPPORTED", "two values of a kind that has no order", {
    details: { kind: kindOf(a) },
  });
}
