/** Plain JSON, as kabel's JSON middleware reads and writes it with Cheshire on the JVM. */
import { exceeded, invalid, unsupported } from "@datahike-sync/core/codec-failure";
import {
  type BigInteger,
  type Decimal,
  type Edn,
  EdnMap,
  type Extension,
  encodeBase64,
  type Float,
  formatDouble,
  isKind,
  kindOf,
  print,
  type Ratio,
} from "@datahike-sync/edn";
import { JsonSource } from "./json-source.ts";
import { TRANSIT_LIMITS } from "./limits.ts";
import { ARRAY, END, MAP, SCALAR, STRING, type Token } from "./token.ts";

const { maxDepth, maxDigits } = TRANSIT_LIMITS;

/**
 * The value of a JSON text. Objects are maps whose keys are strings; `1.0` is a double, `1` a long. The
 * text may be as deep, and its numbers as long, as {@link TRANSIT_LIMITS} says.
 *
 * @throws {SyncError} `CODEC_TRUNCATED`, `CODEC_INVALID` or `CODEC_LIMIT`, with the `offset` in UTF-8.
 */
export function readJson(text: string): Edn {
  const source = new JsonSource(new TextEncoder().encode(text), maxDigits);
  const value = readValue(source, source.next(), 0);
  source.end();
  return value;
}

/**
 * The JSON text of a value, which may not come back: names, characters, UUIDs and bytes (in base64) become
 * strings, and so do instants, without their milliseconds; lists and sets arrays; records objects; ratios
 * and decimals numbers; NaN and the infinite strings. Keys of maps are what they are as text.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for arrays of numbers, tagged values, URIs, regular expressions
 * and instants without a time, `CODEC_LIMIT` where it is nested too deep.
 */
export function printJson(value: Edn): string {
  return printValue(value, 0);
}

function readValue(source: JsonSource, token: Token, depth: number): Edn {
  switch (token) {
    case STRING:
      return source.text;
    case SCALAR:
      return source.scalar;
    case ARRAY:
      return Object.freeze(readItems(source, depth));
    case MAP:
      return EdnMap.fromFlat(readItems(source, depth));
    default:
      throw invalid("an end in place of a value", source.at);
  }
}

function readItems(source: JsonSource, depth: number): Edn[] {
  if (depth >= maxDepth) throw exceeded("maxDepth", maxDepth, source.at);
  const items: Edn[] = [];
  for (let token = source.next(); token !== END; token = source.next()) {
    items.push(readValue(source, token, depth + 1));
  }
  return items;
}

function printValue(value: Edn, depth: number): string {
  if (depth > maxDepth) throw exceeded("maxDepth", maxDepth);
  const kind = kindOf(value);
  switch (kind) {
    case "nil":
      return "null";
    case "boolean":
    case "long":
    case "bigInteger":
    case "decimal":
      return (value as boolean | number | bigint | BigInteger | Decimal).toString();
    case "double":
      return printReal(formatDouble(Number(value)));
    case "float":
      return printReal((value as Float).toString());
    case "ratio":
      return printReal(formatDouble(quotient(value as Ratio)));
    case "vector":
    case "list":
    case "rawList":
    case "set":
      return printItems(value as Iterable<Edn>, depth);
    case "map":
      return printMap(value as EdnMap, depth);
    case "record":
      return isKind(value, "record") ? printMap(value.fields, depth) : "";
    case "extension":
      return printValue((value as Extension).toEdn(), depth + 1);
    default: {
      const text = textOf(value);
      if (text !== undefined) return JSON.stringify(text);
      if (kind === undefined) throw new TypeError("not an EDN value");
      throw unsupported("JSON has no form for it", kind);
    }
  }
}

function printItems(items: Iterable<Edn>, depth: number): string {
  return `[${Array.from(items, (item) => printValue(item, depth + 1)).join(",")}]`;
}

function printMap(map: EdnMap, depth: number): string {
  const entries = Array.from(map, ([key, value]) => {
    return `${JSON.stringify(keyOf(key))}:${printValue(value, depth + 1)}`;
  });
  return `{${entries.join(",")}}`;
}

/** What Clojure's `str` makes of a key, but for collections that hold strings, which are printed. */
function keyOf(key: Edn): string {
  return key === null ? "" : (textOf(key) ?? print(key));
}

/** The text that stands for a value that is no number; `undefined` for what has none. */
function textOf(value: Edn): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    return value.toISOString().replace(/\.\d{3}Z$/, "Z");
  }
  if (isKind(value, "keyword")) return value.toString().slice(1);
  const isText = isKind(value, "symbol") || isKind(value, "uuid") || isKind(value, "char");
  return isText ? value.toString() : undefined;
}

/** Jackson quotes what is no number of JSON. */
function printReal(text: string): string {
  return /^-?\d/.test(text) ? text : JSON.stringify(text);
}

/** A ratio as a double, also where its parts are beyond those. */
function quotient({ numerator, denominator }: Ratio): number {
  const excess = denominator.toString().length - numerator.toString().length;
  // So many digits that the rest decides nothing.
  const shift = Math.max(0, excess + 25);
  return Number(`${(numerator * 10n ** BigInt(shift)) / denominator}e-${shift}`);
}
