import {
  bigInteger,
  char,
  decimal,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  float,
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

const a = keyword("some/name");
const map = new EdnMap([
  [a, 1],
  ["text", [2]],
  [[1, 2], new EdnMap()],
]);

/** Small values in which every kind and every form that the writer has occurs. */
export const SAMPLES: readonly Edn[] = [
  [null, true, false, 0, -1, 63, 64, -4097, 2 ** 20, 2 ** 26, 2 ** 34, 2 ** 42, 2 ** 50, 2n ** 60n],
  ["", "short", "some longer text, beyond seven", "ÿĀ\uffff\ud83d"],
  [double(0), double(1), 1.5, Number.NaN, float(1.5), decimal("1.50"), ratio(1, 3), bigInteger(7)],
  [a, a, keyword("name"), symbol("some/name"), char("x"), uri("http://a"), regex("a+")],
  [uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890"), new Date(1765985185123)],
  [new Uint8Array(3), new Uint8Array(30)],
  [list(1, list(2)), rawList(1, 2, rawList()), tagged("a", 1, [2]), tagged("b"), tagged("a", 3)],
  [map, new EdnSet([1, "two", [3], map]), record("my.Type", map), [map]],
  [numberArray("long", BigInt64Array.of(1n, 2n ** 60n)), numberArray("int", Int32Array.of(-1, 70))],
  [numberArray("double", Float64Array.of(0, 1, 2)), numberArray("float", Float32Array.of(1, 2))],
  [numberArray("boolean", [true, false]), numberArray("object", [null, [a]])],
];
