/**
 * The identity of a value: a string that two values share exactly when they are equal, on every
 * platform and in every version of this package. Stores and collections file values under it.
 *
 * The first character says the kind: `n` nil, `t` `f` booleans, `i` integers of any size, `d`
 * doubles and floats, `m` decimals, `r` ratios, `s` strings, `c` characters, `:` keywords, `$`
 * symbols, `u` UUIDs, `@` instants, `b` bytes, `(` vectors and lists, `{` maps, `#` sets, `%`
 * records, `^` tagged values, `~` URIs, `/` regular expressions, `<` number arrays. A collection
 * holds the identities of its items, each after its length and a colon, so no text in an item can
 * be taken for structure; maps and sets hold them sorted.
 */

import { kindOf } from "./kind.ts";
import type { Edn, EdnObject } from "./value.ts";

/**
 * The canonical identity of a value. Cached in keywords, symbols, UUIDs and collections.
 *
 * @throws {TypeError} when `value` is no EDN value.
 */
export function identity(value: Edn): string {
  switch (typeof value) {
    case "string":
      return `s${wellFormed(value)}`;
    case "number":
      return Number.isSafeInteger(value) ? `i${value}` : doubleIdentity(value);
    case "boolean":
      return value ? "t" : "f";
    case "bigint":
      return `i${value}`;
    default:
      return identityOfObject(value);
  }
}

/**
 * Whether two values are equal as Clojure's `=` says: `1` equals `1N` and not `1.0`, a vector equals
 * a list of the same items, a map never equals a record. Where Clojure compares by reference we
 * compare contents: NaN equals itself, bytes, number arrays and regular expressions equal their
 * copies.
 *
 * @throws {TypeError} when either is no EDN value.
 */
export function equals(a: Edn, b: Edn): boolean {
  if (a === b) return true;
  const type = typeof a;
  if (type !== "object" && type === typeof b && type !== "number") return false;
  return identity(a) === identity(b);
}

/** The identity of a double or float: what JavaScript prints, which names one double exactly. */
export function doubleIdentity(value: number): string {
  // Clojure's = calls 0.0 and -0.0 equal.
  return value === 0 ? "d0" : `d${value}`;
}

/** Joins identities so that the result can be told apart again. */
export function joinIdentities(open: string, identities: readonly string[]): string {
  let joined = open;
  for (const item of identities) joined += `${item.length}:${item}`;
  return joined;
}

/**
 * The text itself, or where it has a lone surrogate a form that UTF-8 can carry: otherwise two
 * different keys would become the same bytes, U+FFFD, in a store. NUL marks that form; a text that
 * begins with NUL takes it too.
 */
export function wellFormed(text: string): string {
  if (text.charCodeAt(0) !== 0 && !LONE_SURROGATE.test(text)) return text;
  let escaped = "\0";
  for (let i = 0; i < text.length; i++) escaped += text.charCodeAt(i).toString(16).padStart(4, "0");
  return escaped;
}

export const LONE_SURROGATE: RegExp =
  /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function identityOfObject(value: Exclude<Edn, string | number | boolean | bigint>): string {
  switch (kindOf(value)) {
    case "nil":
      return "n";
    case "vector":
      return joinIdentities("(", (value as readonly Edn[]).map(identity));
    case "inst":
      return `@${(value as Date).getTime()}`;
    case "bytes":
      return `b${hex(value as Uint8Array)}`;
    case undefined:
      throw new TypeError(`not an EDN value: ${describe(value)}`);
    default:
      return (value as EdnObject).identity;
  }
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null
    ? "a plain object (fromJs makes a map of it)"
    : `a ${value.constructor.name}`;
}
