/**
 * The extension types of this format. A number that was given to a type is never given to another, and
 * the form of its payload never changes: stores keep these bytes for good. `-1` is MessagePack's own.
 *
 * | type | name | payload |
 * | ---: | --- | --- |
 * | -1 | instant | MessagePack's timestamp of 4, 8 or 12 bytes, the shortest that fits |
 * | 1 | keyword | a name |
 * | 2 | keyword again | the place of a keyword among those of this value that were written as type 1 |
 * | 3 | symbol | a name |
 * | 4 | UUID | 16 bytes, most significant first |
 * | 5 | string | text, where it has a lone surrogate; any other is a MessagePack string |
 * | 6 | big integer | two's complement in as few bytes as hold it, at least one |
 * | 7 | character | one UTF-16 unit, 2 bytes |
 * | 8 | URI | text |
 * | 9 | regular expression | text, its source |
 * | 10 | invalid instant | nothing |
 * | 16 | `short` array | 2 bytes an element |
 * | 17 | `int` array | 4 bytes an element |
 * | 18 | `long` array | 8 bytes an element |
 * | 19 | `float` array | 4 bytes an element |
 * | 20 | `double` array | 8 bytes an element |
 * | 21 | `boolean` array | 1 byte an element, 0 or 1 |
 *
 * The types from 32 up to 63 are *heads*: they stand first in an array and say what the items behind
 * them make. An array without a head is a vector; anywhere else a head is an error.
 *
 * | type | name | payload | items |
 * | ---: | --- | --- | --- |
 * | 32 | list | nothing | its items |
 * | 33 | raw list | nothing | its items |
 * | 34 | set | nothing | its items |
 * | 35 | ratio | nothing | numerator and denominator, in lowest terms: integers or big integers |
 * | 36 | decimal | nothing | unscaled value (integer or big integer) and scale (32 bits) |
 * | 37 | `object` array | nothing | its elements |
 * | 38 | tagged value | text, the tag | its fields |
 * | 39 | tagged value again | the place of a tag among those of this value that were written as type 38 | its fields |
 * | 40 | record | text, the name of its type | one map, its fields |
 * | 41 | record again | the place of a name among those of this value that were written as type 40 | one map, its fields |
 *
 * Numbers are big-endian. A place is counted from 0, in 1, 2 or 4 bytes. *Text* is UTF-8 that may hold
 * lone surrogates, three bytes each. A *name* is the text of the namespace, a byte `ff` and the text
 * of the name; without a namespace it is the text of the name alone.
 */

export const INSTANT = -1;

export const KEYWORD = 1;
export const KEYWORD_AGAIN = 2;
export const SYMBOL = 3;
export const UUID = 4;
export const STRING = 5;
export const BIG_INTEGER = 6;
export const CHAR = 7;
export const URI = 8;
export const REGEX = 9;
export const INVALID_INSTANT = 10;

export const SHORT_ARRAY = 16;
export const INT_ARRAY = 17;
export const LONG_ARRAY = 18;
export const FLOAT_ARRAY = 19;
export const DOUBLE_ARRAY = 20;
export const BOOLEAN_ARRAY = 21;

export const LIST = 32;
export const RAW_LIST = 33;
export const SET = 34;
export const RATIO = 35;
export const DECIMAL = 36;
export const OBJECT_ARRAY = 37;
export const TAGGED = 38;
export const TAGGED_AGAIN = 39;
export const RECORD = 40;
export const RECORD_AGAIN = 41;

/** Whether a type is a head of this table. */
export function isHead(type: number): boolean {
  return type >= LIST && type <= RECORD_AGAIN;
}

/** Whether a type is in this table. */
export function isAssigned(type: number): boolean {
  return (
    type === INSTANT ||
    (type >= KEYWORD && type <= INVALID_INSTANT) ||
    (type >= SHORT_ARRAY && type <= BOOLEAN_ARRAY) ||
    isHead(type)
  );
}

/**
 * The tag of an extension type that is not in this table: a `Tagged` of the type and its payload,
 * which is written again as it was.
 */
export const UNKNOWN_TYPE = "msgpack/extension";

/** Between namespace and name. No text holds this byte. */
export const NAME_SEPARATOR = 0xff;

/** Whether a value that begins with this byte may be a collection. */
export function mayHoldItems(code: number): boolean {
  return (
    (code >= 0x80 && code < 0xa0) ||
    (code >= 0xc7 && code <= 0xc9) ||
    (code >= 0xdc && code <= 0xdf)
  );
}
