import { compareValues } from "@datahike-sync/btset";
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
  read,
  regex,
  symbol,
  uri,
  uuid,
} from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

/** Each list ascends, as the JVM has it; items of one inner list are the same to an index. */
const ASCENDING: Readonly<Record<string, readonly (readonly Edn[])[]>> = {
  "numbers of all types by value": [
    [Number.NEGATIVE_INFINITY],
    [-(2n ** 80n)],
    [-(2n ** 63n)],
    [-1, double(-1), decimal("-1.00"), float(-1), bigInteger(-1)],
    [-0.5, decimal("-0.5"), ratio(-1, 2)],
    [0, -0, decimal("0E+7")],
    [decimal("1E-2000000000")],
    [ratio(1, 3)],
    [0.5],
    [1, double(1), decimal("1.0")],
    [2n ** 53n - 1n],
    [2n ** 53n],
    [2n ** 53n + 1n],
    [decimal("1E+30"), bigInteger(10n ** 30n)],
    [decimal("1E+2000000000")],
  ],
  "strings by UTF-16 units": [[""], ["A"], ["a"], ["aa"], ["b"], ["é"], ["😀"], ["\uffff"]],
  "characters by code": [[char("A")], [char("a")], [char("\uffff")]],
  booleans: [[false], [true]],
  instants: [[new Date(-1)], [new Date(0)], [new Date(1)]],
  "keywords without namespace first": [
    [keyword("z")],
    [keyword("a/z")],
    [keyword("ab/a")],
    [keyword("ab/b")],
    [keyword("b/a")],
  ],
  symbols: [[symbol("z")], [symbol("a/b")]],
  "UUIDs as two signed halves": [
    [uuid("80000000-0000-0000-0000-000000000000")],
    [uuid("ffffffff-ffff-ffff-0000-000000000000")],
    [uuid("00000000-0000-0000-8000-000000000000")],
    [uuid("00000000-0000-0000-ffff-ffffffffffff")],
    [uuid("00000000-0000-0000-0000-000000000000")],
    [uuid("00000000-0000-0000-0000-000000000001")],
    [uuid("00000000-0000-0000-7fff-ffffffffffff")],
    [uuid("00000000-0000-0001-0000-000000000000")],
    [uuid("00000000-8000-0000-0000-000000000000")],
    [uuid("7fffffff-0000-0000-0000-000000000000")],
  ],
  "bytes signed, then by length": [
    [Uint8Array.of()],
    [Uint8Array.of(0x80)],
    [Uint8Array.of(0xff)],
    [Uint8Array.of(0xff, 0)],
    [Uint8Array.of(0)],
    [Uint8Array.of(0x7f)],
  ],
  "arrays of doubles with NaN last and two zeros": [
    [numberArray("double", Float64Array.of())],
    [numberArray("double", Float64Array.of(-0))],
    [numberArray("double", Float64Array.of(0))],
    [numberArray("double", Float64Array.of(0, 1))],
    [numberArray("double", Float64Array.of(1))],
    [numberArray("double", Float64Array.of(Number.NaN))],
    [numberArray("float", Float32Array.of(0))],
  ],
  "sequences shorter first, nil before all": [
    [[], list(), rawList()],
    [[null]],
    [[2], list(2)],
    [[null, 9]],
    [[1, null]],
    [[1, [0, 0]]],
    [[1, 1]],
  ],
  "URIs part by part": [
    [uri("a/b")],
    [uri("http://a.org/b"), uri("HTTP://A.org/b")],
    [uri("http://a.org:80/b")],
    [uri("http://u@a.org/b")],
    [uri("mailto:a@b")],
  ],
  "types by the names of their Java classes": [
    [null],
    [Uint8Array.of(1)],
    [numberArray("double", Float64Array.of(1))],
    [keyword("a")],
    [new EdnMap([[1, 2]])],
    [new EdnMap(Array.from({ length: 8 }, (_, i) => [i, i]))],
    [new EdnSet([1])],
    [[1]],
    [symbol("a")],
    [true],
    [char("a")],
    [1],
    ["a"],
    [uri("a")],
    [new Date(0)],
    [uuid("00000000-0000-0000-0000-000000000000")],
    [regex("a")],
  ],
};

test.each(Object.entries(ASCENDING))("orders %s", (_, ascending) => {
  for (const [i, lower] of ascending.entries()) {
    for (const [j, higher] of ascending.entries()) {
      for (const a of lower) {
        for (const b of higher) expect(Math.sign(compareValues(a, b))).toBe(Math.sign(i - j));
      }
    }
  }
});

test("calls NaN the same as every number, as Clojure does", () => {
  for (const number of [0, 1.5, 2n ** 70n, decimal("1"), Number.NaN]) {
    expect(compareValues(Number.NaN, number)).toBe(0);
    expect(compareValues(number, Number.NaN)).toBe(0);
  }
});

test("compares a double with a decimal as doubles, and a long with a decimal exactly", () => {
  expect(compareValues(0.1, decimal("0.1"))).toBe(0);
  expect(compareValues(0.1, decimal("0.10000000000000000001"))).toBe(0);
  expect(compareValues(1, decimal("1.0000000000000000000001"))).toBe(-1);
});

test("calls equal maps, sets and expressions the same, and refuses to guess about others", () => {
  expect(compareValues(read("{:a 1 :b #{2}}"), read("{:b #{2} :a 1}"))).toBe(0);
  expect(compareValues(regex("a"), regex("a"))).toBe(0);
  for (const [a, b] of [
    [read("{:a 1}"), read("{:a 2}")],
    [read("#{1}"), read("#{2}")],
    [regex("a"), regex("b")],
    [numberArray("long", BigInt64Array.of(1n)), numberArray("long", BigInt64Array.of(2n))],
  ] as const) {
    expect(() => compareValues(a, b)).toThrow(
      expect.objectContaining({ code: "CODEC_UNSUPPORTED" }),
    );
  }
});

const scalar = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.string(),
  fc.boolean(),
  fc.uuid().map((text) => uuid(text)),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 3 }),
  fc.string({ maxLength: 3 }).map((name) => keyword("ns", name)),
);
const anyValue = fc.oneof(scalar, fc.array(fc.option(scalar), { maxLength: 3 }));

// Not for every value: as on the JVM a vector is before 1 and after 1N, which are the same.
test("is antisymmetric, and agrees with itself on any three values of common types", () => {
  const property = fc.property(anyValue, anyValue, anyValue, (a, b, c) => {
    expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) || 0);
    const [low, middle, high] = [a, b, c].sort(compareValues) as [Edn, Edn, Edn];
    expect(compareValues(low, middle)).toBeLessThanOrEqual(0);
    expect(compareValues(low, high)).toBeLessThanOrEqual(0);
  });
  fc.assert(property, { numRuns: cases(50_000), seed });
});
