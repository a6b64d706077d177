/**
 * The tags of kinds that EDN text has no form for. The reader knows them, and the printer writes
 * them, so that every value reads back equal.
 */
import { decodeBase64 } from "./base64.ts";
import { parseInstant } from "./instant.ts";
import { isKind, kindOf } from "./kind.ts";
import { RawList } from "./list.ts";
import { EdnMap } from "./map.ts";
import { keyword, symbol } from "./name.ts";
import { type Double, float } from "./number.ts";
import { type ElementType, type NumberArray, numberArray } from "./number-array.ts";
import { type EdnRecord, record, regex, Tagged, uri } from "./tagged.ts";
import { uuid } from "./uuid.ts";
import type { Edn } from "./value.ts";

/**
 * Readers of a format's tags, by tag: each takes the tag's fields, in EDN text always one, and gives
 * the value that they stand for, usually an `Extension`. A reader that throws makes the input invalid.
 * Nothing is needed to write them: an `Extension` is written as its EDN form, the `Tagged` that was
 * read.
 */
export type TagReaders = Readonly<Record<string, (fields: readonly Edn[]) => Edn>>;

/** The record that Clojure makes of a record whose type it does not know. */
const INCOGNITO = "incognito.base.IncognitoTaggedLiteral";

/** Each throws a `TypeError` or `RangeError` when the value is none that its tag can have. */
export const DEFAULT_TAGS: TagReaders = {
  inst: ([value]) => parseInstant(text(value)),
  uuid: ([value]) => uuid(text(value)),
  bytes: ([value]) => decodeBase64(text(value)),
  float: ([value]) => float(real(value)),
  regex: ([value]) => regex(text(value)),
  uri: ([value]) => uri(text(value)),
  keyword: ([value]) => keyword(...nameParts(value)),
  symbol: ([value]) => symbol(...nameParts(value)),
  record: ([value]) => readRecord(items(value)),
  tagged: ([value]) => {
    const [tag, ...fields] = items(value);
    return new Tagged(text(tag), fields);
  },
  "java.util.List": ([value]) => new RawList(items(value)),
  "short-array": ([value]) =>
    numberArray(
      "short",
      Int16Array.from(items(value), (item) => whole(item, 15)),
    ),
  "int-array": ([value]) =>
    numberArray(
      "int",
      Int32Array.from(items(value), (item) => whole(item, 31)),
    ),
  "long-array": ([value]) => numberArray("long", BigInt64Array.from(items(value), longValue)),
  "float-array": ([value]) => numberArray("float", Float32Array.from(items(value), real)),
  "double-array": ([value]) => numberArray("double", Float64Array.from(items(value), real)),
  "boolean-array": ([value]) => numberArray("boolean", Object.freeze(items(value).map(truth))),
  "object-array": ([value]) => numberArray("object", Object.freeze([...items(value)])),
};

/** The tag under which an array of this element type is written. */
export function arrayTag(array: NumberArray): `${ElementType}-array` {
  return `${array.element}-array`;
}

/** Whether the reader takes a record for what it says of another one. */
export function readsAsItsValue({ type, fields }: EdnRecord): boolean {
  return (
    type === INCOGNITO &&
    fields.size === 2 &&
    isKind(fields.get(keyword("tag")), "symbol") &&
    isKind(fields.get(keyword("value")), "map")
  );
}

/** The record that the reader takes for this one. */
export function wrapRecord({ type, fields }: EdnRecord): EdnRecord {
  return record(
    INCOGNITO,
    EdnMap.fromFlat([keyword("tag"), symbol(type), keyword("value"), fields]),
  );
}

function readRecord([type, fields]: readonly (Edn | undefined)[]): EdnRecord {
  if (!isKind(fields, "map")) throw new TypeError("a record has a type and a map of fields");
  const read = record(text(type), fields);
  if (!readsAsItsValue(read)) return read;
  const [innerType, innerFields] = [fields.get(keyword("tag")), fields.get(keyword("value"))];
  return isKind(innerType, "symbol") && isKind(innerFields, "map")
    ? record(innerType.toString(), innerFields)
    : read;
}

function nameParts(value: Edn | undefined): [namespace: string | null, name: string] {
  const [namespace, name, ...rest] = items(value);
  if (rest.length > 0) throw new TypeError("a name has two parts");
  return [namespace === null ? null : text(namespace), text(name)];
}

function text(value: Edn | undefined): string {
  if (typeof value !== "string") throw new TypeError("not a string");
  return value;
}

function items(value: Edn | undefined): readonly Edn[] {
  if (Array.isArray(value)) return value as readonly Edn[];
  if (isKind(value, "list")) return value.items;
  throw new TypeError("not a vector");
}

function truth(value: Edn): boolean {
  if (typeof value !== "boolean") throw new TypeError("not a boolean");
  return value;
}

/** The number of a long, double or float. */
function real(value: Edn | undefined): number {
  const number = typeof value === "object" && value !== null ? (value as Double).value : value;
  if (typeof number !== "number" && typeof number !== "bigint") throw new TypeError("not a number");
  return Number(number);
}

function whole(value: Edn, bits: number): number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw new TypeError("not an integer");
  if (value < -(2 ** bits) || value >= 2 ** bits) throw new RangeError("the integer is too large");
  return value;
}

function longValue(value: Edn): bigint {
  if (kindOf(value) !== "long") throw new TypeError("not a long");
  return BigInt(value as number | bigint);
}
