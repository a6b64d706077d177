/**
 * The tags of this format, and the names that tag 27 puts before a value.
 *
 * | tag | kind | content |
 * | ---: | --- | --- |
 * | 0 | instant | text as RFC 3339 has it, in UTC when written |
 * | 1 | instant | seconds since 1970, written for years beyond 0 to 9999 |
 * | 2, 3 | big integer `n`, `-1 - n` | the bytes of `n`, most significant first |
 * | 4 | decimal | array of an exponent of ten and an integer |
 * | 25 | string or bytes again | their place in the namespace; only read |
 * | 27 | tagged value | array of a name and one value |
 * | 30 | ratio | array of numerator and denominator |
 * | 32 | URI | text |
 * | 35 | regular expression | text, its source |
 * | 37 | UUID | 16 bytes, most significant first |
 * | 39 | keyword, symbol | its text, a keyword's with a colon before it |
 * | 64 to 86 | array of numbers | bytes, as RFC 8746 has them |
 * | 256 | what it holds | a value in which strings have places; only read |
 * | 258 | set | array |
 *
 * | name | kind | value |
 * | --- | --- | --- |
 * | `clojure/char` | character | text of one UTF-16 unit |
 * | `clojure/sorted-map`, `clojure/sorted-set`, `clojure/queue` | map, set, vector | map, array, array; only read |
 * | `clojure/with-meta` | that of the second | array of metadata and a value; only read |
 * | `java/boolean-array`, `java/object-array` | array of booleans, of values | array |
 * | any other | tagged value | its one field, of a record the map of its fields |
 */

export const INSTANT_TEXT = 0;
export const INSTANT_SECONDS = 1;
export const POSITIVE = 2;
export const NEGATIVE = 3;
export const DECIMAL = 4;
export const STRING_REFERENCE = 25;
export const OBJECT = 27;
export const RATIO = 30;
export const URI = 32;
export const REGEX = 35;
export const UUID = 37;
export const NAME = 39;
export const STRING_NAMESPACE = 256;
export const SET = 258;

/** Whether a tag is in the table above. */
export function isAssigned(tag: number | bigint): boolean {
  return (typeof tag === "number" && ASSIGNED.has(tag)) || isNumberArray(tag);
}

/** Whether a tag is one of RFC 8746 for elements that a Java array can hold. */
export function isNumberArray(tag: number | bigint): boolean {
  // 76 is reserved; 83 and 87 are floats of 128 bits.
  return tag >= 64 && tag <= 86 && tag !== 76 && tag !== 83;
}

const ASSIGNED: ReadonlySet<number> = new Set([
  INSTANT_TEXT,
  INSTANT_SECONDS,
  POSITIVE,
  NEGATIVE,
  DECIMAL,
  STRING_REFERENCE,
  OBJECT,
  RATIO,
  URI,
  REGEX,
  UUID,
  NAME,
  STRING_NAMESPACE,
  SET,
]);

/**
 * The tag of what has a tag that is not in this table: a `Tagged` of the number and the content, which
 * is written again as it was.
 */
export const UNKNOWN_TAG = "cbor/tag";

/** The tag of a simple value other than false, true and null: a `Tagged` of its number. */
export const SIMPLE = "cbor/simple";

/** The names with a meaning of their own. */
export const CHAR = "clojure/char";
export const SORTED_MAP = "clojure/sorted-map";
export const SORTED_SET = "clojure/sorted-set";
export const QUEUE = "clojure/queue";
export const WITH_META = "clojure/with-meta";
export const BOOLEAN_ARRAY = "java/boolean-array";
export const OBJECT_ARRAY = "java/object-array";

/** Names that no tagged value can have: it would be read as something else. */
export const OWN_NAMES: ReadonlySet<string> = new Set([
  UNKNOWN_TAG,
  SIMPLE,
  CHAR,
  SORTED_MAP,
  SORTED_SET,
  QUEUE,
  WITH_META,
  BOOLEAN_ARRAY,
  OBJECT_ARRAY,
]);
