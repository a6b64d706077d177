/** Values as plain JavaScript has them, and back. */
import { isKind, kindOf, notEdn } from "./kind.ts";
import { enter } from "./limits.ts";
import { EdnMap } from "./map.ts";
import { keyword } from "./name.ts";
import { type NumberArray, numberArray } from "./number-array.ts";
import { EdnSet } from "./set.ts";
import type { Edn } from "./value.ts";

export interface JsOptions {
  /** What the keys of plain objects are in EDN. Default `"keyword"`: `{ "db/id": 1 }` is `{:db/id 1}`. */
  readonly keys?: "keyword" | "string" | undefined;
}

/**
 * The value with plain collections: vectors and lists become arrays, sets `Set`, maps plain objects
 * where all their keys are keywords (or strings, see {@link JsOptions.keys}) and else `Map`, arrays of
 * numbers typed arrays. All other values stay as they are, a keyword a `Keyword` and `1.0` a `Double`,
 * so `fromJs` with the same options gives an equal value. The collections are new and belong to the
 * caller; records and tagged values are not converted within.
 *
 * @throws {TypeError} when something in it is no EDN value.
 * @throws {RangeError} when it is nested deeper than `MAX_DEPTH`, or holds itself.
 */
export function toJs(value: Edn, options: JsOptions = {}): unknown {
  return toJsAt(value, options, 0);
}

/**
 * The EDN value of plain JavaScript: arrays become vectors, plain objects and `Map` maps, `Set` sets,
 * typed arrays arrays of numbers. Properties that are `undefined` are left out. All EDN values stay as
 * they are; bytes and dates are shared.
 *
 * @throws {TypeError} when something in it has no EDN form: a function, an instance of some other
 * class, `undefined` in an array, or an object that holds itself.
 * @throws {RangeError} when it is nested deeper than `MAX_DEPTH`.
 */
export function fromJs(value: unknown, options: JsOptions = {}): Edn {
  return fromJsAt(value, options, new Map(), 0);
}

function toJsAt(value: Edn, options: JsOptions, depth: number): unknown {
  const convert = (item: Edn) => toJsAt(item, options, enter(depth));
  if (Array.isArray(value)) return Array.from<Edn, unknown>(value, convert);
  if (kindOf(value) === undefined) throw notEdn(value);
  if (typeof value !== "object" || value === null || !("ednKind" in value)) return value;
  switch (value.ednKind) {
    case "list":
    case "rawList":
      return value.items.map(convert);
    case "set":
      return new Set(Array.from(value, convert));
    case "map":
      return hasNames(value, options) ? toObject(value, convert) : toMap(value, convert);
    case "numberArray":
      // Those of booleans and of objects are no typed arrays.
      return Array.isArray(value.items) ? value : value.items.slice();
    default:
      return value;
  }
}

/** Whether each key is the one that its name as a property would become. */
function hasNames(map: EdnMap, options: JsOptions): boolean {
  for (const key of map.keys()) if (keyOf(nameOf(key), options) !== key) return false;
  return true;
}

function nameOf(key: Edn): string {
  if (typeof key === "string") return key;
  return isKind(key, "keyword") ? key.toString().slice(1) : "";
}

function keyOf(name: string, { keys = "keyword" }: JsOptions): Edn {
  return keys === "keyword" ? keyword(name) : name;
}

function toObject(map: EdnMap, convert: (item: Edn) => unknown): object {
  const object: Record<string, unknown> = {};
  for (const [key, value] of map) {
    const name = nameOf(key);
    if (name === "__proto__") {
      // An assignment would set the prototype.
      const property = { configurable: true, enumerable: true, writable: true };
      Object.defineProperty(object, name, { ...property, value: convert(value) });
    } else {
      object[name] = convert(value);
    }
  }
  return object;
}

function toMap(map: EdnMap, convert: (item: Edn) => unknown): Map<unknown, unknown> {
  return new Map(Array.from(map, ([key, value]) => [convert(key), convert(value)]));
}

/** What an object became, or `undefined` while it is being converted. */
type Seen = Map<object, Edn | undefined>;

function fromJsAt(value: unknown, options: JsOptions, seen: Seen, depth: number): Edn {
  if (typeof value !== "object" || value === null) return asEdn(value);
  if (!isContainer(value)) return fromTypedArray(value) ?? asEdn(value);
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (seen.has(value)) throw new TypeError("an object that holds itself has no EDN form");
  seen.set(value, undefined);
  const inside = enter(depth);
  const made = fromContainer(value, options, (item) => fromJsAt(item, options, seen, inside));
  seen.set(value, made);
  return made;
}

type Container = readonly unknown[] | Map<unknown, unknown> | Set<unknown> | object;

function isContainer(value: object): value is Container {
  return (
    Array.isArray(value) || value instanceof Map || value instanceof Set || isPlainObject(value)
  );
}

/** A plain object is data whatever its properties: one called `ednKind` makes no EDN value of it. */
function isPlainObject(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function fromContainer(value: Container, options: JsOptions, convert: (item: unknown) => Edn): Edn {
  if (Array.isArray(value)) return Object.freeze(Array.from<unknown, Edn>(value, convert));
  if (value instanceof Set) return new EdnSet(Array.from<unknown, Edn>(value, convert));
  const items: Edn[] = [];
  if (value instanceof Map) {
    for (const [key, item] of value) items.push(convert(key), convert(item));
  } else {
    for (const [name, item] of Object.entries(value as Readonly<Record<string, unknown>>)) {
      if (item !== undefined) items.push(keyOf(name, options), convert(item));
    }
  }
  return EdnMap.fromFlat(items);
}

function fromTypedArray(value: object): NumberArray | undefined {
  if (value instanceof Float32Array) return numberArray("float", value.slice());
  if (value instanceof Float64Array) return numberArray("double", value.slice());
  if (value instanceof Int16Array) return numberArray("short", value.slice());
  if (value instanceof Int32Array) return numberArray("int", value.slice());
  if (value instanceof BigInt64Array) return numberArray("long", value.slice());
  return undefined;
}

function asEdn(value: unknown): Edn {
  if (kindOf(value) === undefined) throw notEdn(value);
  return value as Edn;
}
