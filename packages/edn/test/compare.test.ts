import {
  char,
  compare,
  compareNames,
  compareNumbers,
  decimal,
  double,
  type Edn,
  EdnMap,
  type EdnNumber,
  equals,
  float,
  isNumber,
  keyword,
  list,
  print,
  ratio,
  read,
  regex,
  symbol,
  uuid,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const SCALARS = ["nil", "boolean", "string", "inst", "keyword", "symbol", "uuid", "char"] as const;
const UNORDERED = ["bytes", "uri", "regex", "numberArray"] as const;
const NUMBERS = ["long", "double", "float", "bigInteger", "ratio", "decimal"] as const;

const numbers: fc.Arbitrary<EdnNumber> = ednArbitrary(fc, {
  maxDepth: 0,
  without: [...SCALARS, ...UNORDERED],
}).filter(isNumber);

/** Of each line, what comes earlier is less, and what stands together is equal. */
const ASCENDING: readonly (readonly string[])[] = [
  ["nil", "false", "true"],
  ["nil", "-1", "-1/2", "0", "1/3", "0.5", "1", "1.5M", "22/7", "##Inf"],
  ["##-Inf", "-1E+2147483647M", "-1.7976931348623157E308", "0", "1E-2147483647M", "4.9E-324", "1"],
  ["1.7976931348623157E308", "1E+309M", "2E+309M", "1E+2147483647M", "##Inf", "##NaN"],
  ["9007199254740992.0", "9007199254740993", "9007199254740994.0", "9007199254740995N"],
  ["1E-2147483647M", "2E-2147483647M", "1E-2147483646M", "1/999999999999999999999"],
  ["0.1M", "0.1", "0.10000000000000001M", "#float 0.1"],
  ["333333333333333333/1000000000000000000", "1/3", "0.3333333333333334M"],
  ['""', '"A"', '"a"', '"aa"', '"b"', '"é"', '"😀"', '"\uffff"'],
  ["\\A", "\\a", "\\u00ff", "\\uffff"],
  [":a", ":b", ":z", ":a/b", ":a/c", ":b/a"],
  ["a", "b", "a/b"],
  ['#inst "1969"', '#inst "1970"', '#inst "2025"'],
  ["[]", "[9]", "[1 1]", "[1 2]", "[nil nil nil]"],
  [
    '#uuid "80000000-0000-0000-0000-000000000000"',
    '#uuid "ffffffff-ffff-ffff-ffff-ffffffffffff"',
    '#uuid "00000000-0000-0000-8000-000000000000"',
    '#uuid "00000000-0000-0000-0000-000000000000"',
    '#uuid "00000000-0000-0000-0000-000000000001"',
    '#uuid "00000000-0000-0000-0000-0000ffffffff"',
    '#uuid "00000000-0000-0000-0001-000000000000"',
    '#uuid "00000000-7fff-0000-0000-000000000000"',
    '#uuid "00000000-8000-0000-0000-000000000000"',
    '#uuid "00000001-0000-0000-0000-000000000000"',
    '#uuid "7fffffff-0000-0000-0000-000000000000"',
  ],
];

function isRefused(a: Edn, b: Edn): boolean {
  try {
    compare(a, b);
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

describe("compare", () => {
  test.each(ASCENDING)("orders %s, …", (...texts) => {
    const values = texts.map((text) => read(text));
    for (const [i, a] of values.entries()) {
      for (const [j, b] of values.entries()) {
        expect(compare(a, b), `${texts[i]} with ${texts[j]}`).toBe(Math.sign(i - j));
      }
    }
  });

  test.each([
    ["1", "1.0", "1N", "1M", "1.00M", "#float 1.0", "4/4"],
    ["0", "-0.0", "0M", "0E+2147483647M", "0E-2147483647M"],
    ["1/2", "0.5", "0.50M", "#float 0.5"],
    ["1E+2147483647M", "10E+2147483646M"],
    ["##NaN", "#float ##NaN"],
    ["9007199254740993", "9007199254740993N", "9007199254740993M"],
  ])("calls %s, … the same", (...texts) => {
    for (const a of texts)
      for (const b of texts) expect(compare(read(a), read(b)), `${a} ${b}`).toBe(0);
  });

  test("what Clojure cannot compare is refused", () => {
    const map = new EdnMap();
    const values: Edn[] = [1, "a", true, char("a"), keyword("a"), symbol("a"), new Date(0), [1]];
    values.push(uuid("00000000-0000-0000-0000-000000000000"));
    for (const [i, a] of values.entries()) {
      for (const [j, b] of values.entries()) expect(i === j || isRefused(a, b)).toBe(true);
      expect(compare(null, a)).toBe(-1);
      expect(compare(a, null)).toBe(1);
    }
    expect(() => compare(list(1), list(2))).toThrow("cannot compare list with list");
    expect(() => compare(map, new EdnMap())).toThrow(TypeError);
    expect(() => compare(regex("a"), regex("b"))).toThrow(TypeError);
    expect(() => compare([1], ["a"])).toThrow("cannot compare long with string");
    expect(() => compare({} as Edn, 1)).toThrow("not an EDN value");
  });

  test("is a total order of numbers of all kinds", () => {
    fc.assert(
      fc.property(numbers, numbers, numbers, (a, b, c) => {
        expect(compareNumbers(a, b)).toBe(0 - compareNumbers(b, a));
        expect(compareNumbers(a, a)).toBe(0);
        const ascending = [a, b, c].sort(compareNumbers) as [EdnNumber, EdnNumber, EdnNumber];
        expect(compareNumbers(ascending[0], ascending[1])).toBeLessThanOrEqual(0);
        expect(compareNumbers(ascending[1], ascending[2])).toBeLessThanOrEqual(0);
        expect(compareNumbers(ascending[0], ascending[2])).toBeLessThanOrEqual(0);
        expect(!equals(a, b) || compareNumbers(a, b) === 0).toBe(true);
      }),
      { numRuns: cases(50_000), seed },
    );
  });

  test("is a total order of what is not numbers", () => {
    for (const kind of SCALARS) {
      const without = [...SCALARS, ...UNORDERED, ...NUMBERS].filter((other) => other !== kind);
      const values = ednArbitrary(fc, { maxDepth: 0, without });
      fc.assert(
        fc.property(values, values, values, (a, b, c) => {
          expect(compare(a, b)).toBe(0 - compare(b, a));
          expect(compare(a, b) === 0, `${print(a)} ${print(b)}`).toBe(equals(a, b));
          const ascending = [a, b, c].sort(compare) as [Edn, Edn, Edn];
          expect(compare(ascending[0], ascending[1])).toBeLessThanOrEqual(0);
          expect(compare(ascending[1], ascending[2])).toBeLessThanOrEqual(0);
          expect(compare(ascending[0], ascending[2])).toBeLessThanOrEqual(0);
        }),
        { numRuns: cases(5000), seed },
      );
    }
  });

  test("compares doubles with decimals and ratios by their very last digit", () => {
    const parts = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 900 }));
    fc.assert(
      fc.property(parts, ([numerator, power]) => {
        const value = double(numerator / 2 ** power);
        // A two in the denominator is a five in the numerator and one more decimal place.
        const digits = BigInt(numerator) * 5n ** BigInt(power);
        expect(compareNumbers(value, decimal(digits, power))).toBe(0);
        expect(compareNumbers(value, decimal(digits * 10n + 1n, power + 1))).toBe(-1);
        expect(compareNumbers(decimal(digits * 10n - 1n, power + 1), value)).toBe(-1);
        expect(compareNumbers(value, ratio(numerator, 2n ** BigInt(power)))).toBe(0);
        expect(compareNumbers(value, ratio(3n * BigInt(numerator) + 1n, 3n << BigInt(power)))).toBe(
          -1,
        );
      }),
      { numRuns: cases(5000), seed },
    );
  });

  test("extreme scales take no time", () => {
    const far = [decimal(1n, -(2 ** 31)), decimal(1n, 2 ** 31 - 1), decimal(-3n, -(2 ** 31))];
    const started = performance.now();
    for (const a of far) {
      for (const b of [...far, read("1/3"), 1, 0.1, float(0.1), 2n ** 100n] as EdnNumber[]) {
        compareNumbers(a, b);
        compareNumbers(b, a);
      }
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

test("compareNames puts names without a namespace first", () => {
  expect(compareNames(keyword("z"), keyword("a/a"))).toBe(-1);
  expect(compareNames(symbol("a/b"), symbol("a/b"))).toBe(0);
  expect(compareNames(keyword("", "a"), keyword("a"))).toBe(1);
});
