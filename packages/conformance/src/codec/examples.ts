/** Values of every kind, such as byte formats get wrong. */
import {
  bigInteger,
  char,
  decimal,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  float,
  type Kind,
  keyword,
  list,
  numberArray,
  ratio,
  rawList,
  record,
  regex,
  symbol,
  tagged,
  uri,
  uuid,
} from "@datahike-sync/edn";

/** The kinds that values have of themselves. */
export type PlainKind = Exclude<Kind, "extension">;

const a = keyword("a");
const b = keyword("my.ns", "b");
const nested = new EdnMap([
  [a, [1, "two", null]],
  [[a, b], new EdnSet([1, a])],
]);

export const EXAMPLES: Readonly<Record<PlainKind, readonly Edn[]>> = {
  nil: [null],
  boolean: [true, false],
  long: [...longs()],
  double: [0.1, -1.5, 1e300, 5e-324, 2 ** 53, Number.NaN, Infinity, -Infinity]
    .map((value): Edn => value)
    .concat([0, -0, 1, 2 ** 52].map(double)),
  string: ["", "a", "é", "\u0000", "😀", "￿", `"\\/`, "a".repeat(300), "ü".repeat(40_000)],
  inst: [new Date(0), new Date(-1), new Date(1_765_985_185_123), new Date(8.64e15)],
  bytes: [new Uint8Array(0), Uint8Array.of(0, 255), new Uint8Array(70_000).fill(7)],
  keyword: [a, b, keyword("*x+!"), keyword("ä", "b.c-d")],
  symbol: [symbol("a"), symbol("my.ns", "b"), symbol("+")],
  uuid: [
    uuid("00000000-0000-0000-0000-000000000000"),
    uuid("ffffffff-ffff-ffff-ffff-ffffffffffff"),
    uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890"),
  ],
  char: [char("a"), char("é"), char("\u0000"), char("\n"), char("\ufffd")],
  ratio: [ratio(1, 3), ratio(-1, 3), ratio(2n ** 80n, 3n)],
  decimal: [
    decimal("1.50"),
    decimal("-0.001"),
    decimal("1E+3"),
    decimal("0"),
    decimal(2n ** 80n, 5),
  ],
  float: [float(1.5), float(0), float(-0), float(0.1), float(1), float(Number.NaN)],
  bigInteger: [bigInteger(0), bigInteger(-1), bigInteger(2n ** 63n), bigInteger(-(2n ** 200n))],
  uri: [uri("http://example.com/a?b=c"), uri("")],
  regex: [regex("a+[b-c]"), regex("")],
  numberArray: [
    numberArray("short", Int16Array.of(-1, 2 ** 15 - 1)),
    numberArray("int", Int32Array.of(-1, 2 ** 31 - 1)),
    numberArray("long", BigInt64Array.of(-1n, 2n ** 63n - 1n)),
    numberArray("float", Float32Array.of(1.5, Number.NaN)),
    numberArray("double", Float64Array.of(0, -0, 1.5)),
    numberArray("boolean", [true, false]),
    numberArray("object", [1, "a", null]),
    numberArray("int", new Int32Array(0)),
  ],
  vector: [[], [1, [2, [3]]], Array.from({ length: 300 }, (_, i) => i), [nested, nested]],
  list: [list(), list(1, list(2), [3])],
  rawList: [rawList(), rawList(1, rawList(2), [3])],
  map: [
    new EdnMap(),
    nested,
    new EdnMap(Array.from({ length: 300 }, (_, i) => [i, keyword(`k${i}`)])),
  ],
  set: [
    new EdnSet(),
    new EdnSet([a, 1, [1], null]),
    new EdnSet(Array.from({ length: 300 }, (_, i) => i)),
  ],
  record: [record("my.ns.Point", new EdnMap([[a, 1]])), record("my.ns.Empty", new EdnMap())],
  tagged: [
    tagged("my/tag", 1),
    tagged("my.ns.Thing", nested),
    tagged("my/tag", tagged("my/tag", null)),
  ],
};

/** A small value that holds every kind at once, but for these. */
export function mixed(without: readonly Kind[]): Edn {
  const kept = Object.entries(EXAMPLES).filter(([kind]) => !without.includes(kind as Kind));
  return Object.freeze(kept.flatMap(([, values]) => values.slice(0, 2)));
}

/** A vector in a vector in a vector. */
export function nest(depth: number): Edn {
  let value: Edn = 1;
  for (let i = 0; i < depth; i++) value = Object.freeze([value]);
  return value;
}

/** Where the forms of integers meet. */
function* longs(): Generator<number | bigint> {
  for (const bits of [0, 5, 6, 7, 8, 12, 15, 16, 19, 31, 32, 48, 52, 53]) {
    for (const value of [2 ** bits - 1, -(2 ** bits), -(2 ** bits) - 1]) {
      if (Number.isSafeInteger(value)) yield value;
    }
  }
  for (const value of [2n ** 53n, 2n ** 63n - 1n, -(2n ** 53n), -(2n ** 63n)]) yield value;
}
