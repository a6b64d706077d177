/**
 * The identity of a value: a string that two values share exactly when they are equal, on every
 * platform and in every version of this package. Stores and collections file values under it.
 *
 * The first character says the kind: `n` nil, `t` `f` booleans, `i` integers of any size, `d`
 * doubles and floats, `m` decimals, `r` ratios, `s` strings, `c` characters, `:` keywords, `$`
 * symbols, `u` UUIDs, `@` instants, `b` bytes, `(` vectors and lists, `{` maps, `#` sets, `%`
 * records, `^` tagged values, `~` URIs, `/` regular expressions, `<` number arrays. A collection
 * holds the identities of its items, each after its length and a colon, so no text in an item can
 * be taken for structure; maps and sets hold them sorted. Where that gets long, `!` and its SHA-256
 * stand for it: else a thousand nested sets would hold their innermost item a thousand times.
 */
import { digest } from "./digest.ts";
import { byteToHex, toHex } from "./hex.ts";
import { isKind, kindOf, notEdn } from "./kind.ts";
import type { EdnMap } from "./map.ts";
import type { EdnSet } from "./set.ts";
import type { Edn, EdnObject } from "./value.ts";

/**
 * The canonical identity of a value. Cached in keywords, symbols, UUIDs and collections; not in
 * arrays, bytes and dates, which can change.
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
  if (typeof a === "number" && typeof b === "number") return Number.isNaN(a) && Number.isNaN(b);
  if (typeof a !== "object" && typeof a === typeof b) return false;
  return equalParts(a, b) ?? identity(a) === identity(b);
}

/** The identity of a double or float: what JavaScript prints, which names one double exactly. */
export function doubleIdentity(value: number): string {
  // Clojure's = calls 0.0 and -0.0 equal.
  return value === 0 ? "d0" : `d${value}`;
}

/** Joins identities so that the result can be told apart again, or stands for it. */
export function joinIdentities(open: string, identities: readonly string[]): string {
  let joined = "";
  for (const item of identities) joined += `${item.length}:${item}`;
  return joined.length > LONGEST ? `${open}!${digest(joined)}` : open + joined;
}

/**
 * The text itself, or where it has a lone surrogate a form that UTF-8 can carry: otherwise two
 * different keys would become the same bytes, U+FFFD, in a store. NUL marks that form; a text that
 * begins with NUL takes it too.
 */
export function wellFormed(text: string): string {
  if (text.charCodeAt(0) !== 0 && !LONE_SURROGATE.test(text)) return text;
  let escaped = "\0";
  for (let i = 0; i < text.length; i += PIECE) escaped += escapeUnits(text.slice(i, i + PIECE));
  return escaped;
}

/** In pieces: a text of millions of units, each added by itself, takes sixty times its length. */
const PIECE = 4096;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** A collection's identity is no longer than this and its first character. */
const LONGEST = 256;

function escapeUnits(text: string): string {
  const units: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    units.push(byteToHex(unit >>> 8) + byteToHex(unit));
  }
  return units.join("");
}

function identityOfObject(value: Exclude<Edn, string | number | boolean | bigint>): string {
  switch (kindOf(value)) {
    case "nil":
      return "n";
    case "vector":
      return joinIdentities("(", (value as readonly Edn[]).map(identity));
    case "inst":
      return `@${(value as Date).getTime()}`;
    case "bytes":
      return `b${toHex(value as Uint8Array)}`;
    case undefined:
      throw notEdn(value);
    default:
      return (value as EdnObject).identity;
  }
}

/**
 * Whether two collections of one kind are equal, part by part: this takes no identities but of keys.
 * `undefined` for other values.
 */
function equalParts(a: Edn, b: Edn): boolean | undefined {
  if (isKind(a, "map") && isKind(b, "map")) return a.size === b.size && hasEntries(a, b);
  if (isKind(a, "set") && isKind(b, "set")) return a.size === b.size && hasItems(a, b);
  if (isKind(a, "tagged") && isKind(b, "tagged")) {
    return a.tag === b.tag && equalItems(a.fields, b.fields);
  }
  if (isKind(a, "record") && isKind(b, "record")) {
    return a.type === b.type && equals(a.fields, b.fields);
  }
  const items = itemsOf(a);
  const others = itemsOf(b);
  return items === undefined || others === undefined ? undefined : equalItems(items, others);
}

function equalItems(a: readonly Edn[], b: readonly Edn[]): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i] as Edn));
}

function hasEntries(map: EdnMap, entries: EdnMap): boolean {
  for (const [key, value] of entries) {
    const other = map.get(key);
    if (other === undefined || !equals(other, value)) return false;
  }
  return true;
}

function hasItems(set: EdnSet, items: EdnSet): boolean {
  for (const item of items) if (!set.has(item)) return false;
  return true;
}

/** The items of a vector, list or raw list. */
function itemsOf(value: Edn): readonly Edn[] | undefined {
  if (Array.isArray(value)) return value as readonly Edn[];
  return isKind(value, "list") || isKind(value, "rawList") ? value.items : undefined;
}
