/**
 * How maps and sets find their keys: by {@link identity}, through an index, except where `===` is
 * quicker. Keys stand in an array, `step` apart: 1 in a set, 2 in a map, whose values stand between.
 */
import { equals, identity } from "./identity.ts";
import type { Edn } from "./value.ts";

/** The places of keys by identity. */
export type KeyIndex = ReadonlyMap<string, number>;

/** Up to here a look through the keys is quicker than an index. */
const SMALL = 8;

/**
 * Drops the keys that were there before from `items`, in place: the first place is kept and, in a
 * map, the last value. Returns the index, or none where {@link findKey} can do without:
 * up to one key, or few that `===` tells apart.
 */
export function indexKeys(items: Edn[], step: 1 | 2): KeyIndex | undefined {
  if (items.length <= step) return undefined;
  if (items.length <= SMALL * step && areSimpleAndDistinct(items, step)) return undefined;
  const index = new Map<string, number>();
  let end = 0;
  for (let i = 0; i < items.length; i += step) {
    const key = items[i] as Edn;
    const id = identity(key);
    const known = index.get(id);
    const place = known ?? end;
    if (known === undefined) {
      index.set(id, end);
      items[end] = key;
      end += step;
    }
    if (step === 2) items[place + 1] = items[i + 1] as Edn;
  }
  items.length = end;
  return index;
}

/** The place of a key, or -1. */
export function findKey(
  items: readonly Edn[],
  step: 1 | 2,
  index: KeyIndex | undefined,
  key: Edn,
): number {
  if (index !== undefined) return index.get(identity(key)) ?? -1;
  if (items.length === step) return equals(items[0] as Edn, key) ? 0 : -1;
  const simple = isSimple(key);
  const id = simple ? "" : identity(key);
  for (let i = 0; i < items.length; i += step) {
    // A bigint is not simple and may still equal a key that is.
    if (simple ? items[i] === key : identity(items[i] as Edn) === id) return i;
  }
  return -1;
}

function areSimpleAndDistinct(items: readonly Edn[], step: 1 | 2): boolean {
  for (let i = 0; i < items.length; i += step) {
    const key = items[i] as Edn;
    if (!isSimple(key)) return false;
    for (let j = 0; j < i; j += step) if (items[j] === key) return false;
  }
  return true;
}

/** Whether a key equals another such key only if it is the same by `===`. */
function isSimple(key: Edn): boolean {
  switch (typeof key) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isSafeInteger(key);
    case "object":
      // Keywords are interned.
      return key === null || ("ednKind" in key && key.ednKind === "keyword");
    default:
      return false;
  }
}
