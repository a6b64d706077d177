/** Values that nobody can change any more, for stores: on the way in and on the way out. */
import { notEdn, type ObjectKind } from "./kind.ts";
import { enter } from "./limits.ts";
import { EdnList, RawList } from "./list.ts";
import { EdnMap } from "./map.ts";
import { NumberArray } from "./number-array.ts";
import { EdnSet } from "./set.ts";
import { EdnRecord, Tagged } from "./tagged.ts";
import type { Edn, EdnObject } from "./value.ts";

/**
 * The value itself where nothing in it can change, else an equal one of the same kinds that shares
 * nothing changeable with it. Bytes, dates and arrays of numbers can always be changed: they are
 * copied, and so are the collections around them. Plain arrays are copied and frozen.
 *
 * A store takes a snapshot of what it is given and of what it gives, and then nobody can reach what it
 * keeps. A snapshot without bytes, dates and arrays of numbers is remembered, and costs nothing more.
 * Extensions are immutable by contract.
 *
 * @throws {TypeError} when something in it is no EDN value.
 * @throws {RangeError} when it is nested deeper than `MAX_DEPTH`, or holds itself.
 */
export function snapshot(value: Edn): Edn {
  return snapshotAt(value, 0);
}

/**
 * Collections that are immutable all the way down. Only a memo: what it has lost is looked through
 * again.
 */
const IMMUTABLE = new WeakSet<object>();

/** Which kinds have parts that may be changeable. */
const HAS_PARTS: Readonly<Record<ObjectKind, boolean>> = {
  map: true,
  set: true,
  list: true,
  rawList: true,
  numberArray: true,
  record: true,
  tagged: true,
  keyword: false,
  symbol: false,
  uuid: false,
  char: false,
  ratio: false,
  decimal: false,
  double: false,
  float: false,
  bigInteger: false,
  uri: false,
  regex: false,
  extension: false,
};

function isImmutable(value: Edn): boolean {
  if (typeof value !== "object" || value === null) return true;
  return IMMUTABLE.has(value) || ("ednKind" in value && !HAS_PARTS[value.ednKind]);
}

function snapshotAt(value: Edn, depth: number): Edn {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
      return value;
    case "object":
      if (isImmutable(value) || value === null) return value;
      break;
    default:
      throw notEdn(value);
  }
  if ("ednKind" in value) return snapshotParts(value, depth);
  // Not `slice`: in Node's Buffer that is a view.
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Date) return new Date(value);
  if (!Array.isArray(value)) throw notEdn(value);
  const isFrozen = Object.isFrozen(value);
  return rebuild<readonly Edn[]>(value, value, isFrozen, depth, Object.freeze);
}

function snapshotParts(value: EdnObject, depth: number): Edn {
  switch (value.ednKind) {
    case "map":
      return rebuild(value, flatten(value), true, depth, (items) => EdnMap.fromFlat(items));
    case "set":
      return rebuild(value, [...value], true, depth, (items) => new EdnSet(items));
    case "list":
      return rebuild(value, value.items, true, depth, (items) => new EdnList(items));
    case "rawList":
      return rebuild(value, value.items, true, depth, (items) => new RawList(items));
    case "tagged":
      return rebuild(value, value.fields, true, depth, (items) => new Tagged(value.tag, items));
    case "record":
      return rebuild(value, [value.fields], true, depth, ([fields]) => {
        return new EdnRecord(value.type, fields as EdnMap);
      });
    case "numberArray": {
      const items: NumberArray["items"] = value.items;
      return Array.isArray(items)
        ? rebuild(value, items, true, depth, (copies) => new NumberArray("object", copies))
        : new NumberArray(value.element, items.slice());
    }
    default:
      return value;
  }
}

/** The value itself if its parts are their own snapshots and it `holds` them for good. */
function rebuild<T extends Edn & object>(
  value: T,
  parts: readonly Edn[],
  holds: boolean,
  depth: number,
  make: (parts: Edn[]) => T,
): T {
  const inside = enter(depth);
  // Not `parts.map`, which leaves holes out.
  const copies = Array.from(parts, (part) => snapshotAt(part, inside));
  const isSame = holds && copies.every((copy, i) => Object.is(copy, parts[i]));
  const isDeep = copies.every(isImmutable);
  const result = isSame ? value : make(copies);
  if (isDeep) IMMUTABLE.add(result);
  return result;
}

function flatten(map: EdnMap): Edn[] {
  const items: Edn[] = [];
  for (const [key, value] of map) items.push(key, value);
  return items;
}
