import {
  bigInteger,
  decimal,
  double,
  float,
  formatDouble,
  isKind,
  kindOf,
  long,
  ratio,
} from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

test("a number is a long where it is a safe integer, and a double otherwise", () => {
  expect([0, -0, 1, 2 ** 53 - 1].map(kindOf)).toEqual(Array(4).fill("long"));
  expect([0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY].map(kindOf)).toEqual(
    Array(4).fill("double"),
  );
  expect([1n, 2n ** 63n - 1n, -(2n ** 63n)].map(kindOf)).toEqual(Array(3).fill("long"));
  expect([2n ** 63n, -(2n ** 63n) - 1n].map(kindOf)).toEqual(Array(2).fill("bigInteger"));
  expect([double(1), double(-0), double(0.5)].map(kindOf)).toEqual(Array(3).fill("double"));
  expect(typeof double(1)).toBe("object");
  expect(typeof double(0.5)).toBe("number");
  expect(long(5n)).toBe(5);
  expect(long(2n ** 53n)).toBe(2n ** 53n);
  expect(bigInteger(5).value).toBe(5n);
});

test.each([
  [1, "1.0"],
  [-0, "-0.0"],
  [100, "100.0"],
  [1234567.5, "1234567.5"],
  [9999999, "9999999.0"],
  [1e7, "1.0E7"],
  [1.5e10, "1.5E10"],
  [0.001, "0.001"],
  [0.00099, "9.9E-4"],
  [1e21, "1.0E21"],
  [2e23, "2.0E23"],
  [5e-324, "4.9E-324"],
  [1e-323, "9.9E-324"],
  [2.2250738585072014e-308, "2.2250738585072014E-308"],
  [Number.MAX_VALUE, "1.7976931348623157E308"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
])("formats the double %d as Java does: %s", (value, text) => {
  expect(formatDouble(value)).toBe(text);
});

test.each([
  [0.1, "0.1"],
  [1 / 3, "0.33333334"],
  [16777216, "1.6777216E7"],
  [3.4028234663852886e38, "3.4028235E38"],
  [1.4e-45, "1.4E-45"],
  [2 ** -96, "1.2621775E-29"],
  [2 ** -12, "2.4414062E-4"],
  [2895974.75, "2895974.8"],
  [2097152.25, "2097152.2"],
  [1e10, "1.0E10"],
  [-1.5, "-1.5"],
  [0, "0.0"],
])("formats the float %d as Java does: %s", (value, text) => {
  expect(float(value).toString()).toBe(text);
});

describe("decimal", () => {
  test.each([
    ["1.50", "1.50"],
    ["-0.001", "-0.001"],
    ["0.000001", "0.000001"],
    ["0.0000001", "1E-7"],
    ["0.00000012", "1.2E-7"],
    ["1E+3", "1E+3"],
    ["12E+3", "1.2E+4"],
    ["1e-3", "0.001"],
    ["0", "0"],
    ["0.000", "0.000"],
    ["0E+3", "0E+3"],
    ["0E-7", "0E-7"],
    [".5", "0.5"],
    ["5.", "5"],
    ["+5", "5"],
    ["-123.456E2", "-12345.6"],
    ["1E-2147483647", "1E-2147483647"],
    ["1E+2147483648", "1E+2147483648"],
  ])("%s prints as Java's BigDecimal: %s", (text, printed) => {
    expect(decimal(text).toString()).toBe(printed);
  });

  test("what is no decimal of 32-bit scale is refused", () => {
    for (const text of [
      "",
      ".",
      "e5",
      "1e",
      "1e99999999999",
      "1E+2147483649",
      "1E-2147483648",
      "1 ",
    ]) {
      expect(() => decimal(text), text).toThrow(RangeError);
    }
    expect(() => decimal(1n, 0.5)).toThrow(RangeError);
  });

  test("its text gives it back, scale included", () => {
    const scales = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(fc.bigInt(), scales, (unscaled, scale) => {
        const back = decimal(decimal(unscaled, scale).toString());
        expect([back.unscaled, back.scale]).toEqual([unscaled, scale]);
      }),
      { numRuns: cases(10_000), seed },
    );
  });
});

test("a ratio is in lowest terms, its denominator positive, or a long", () => {
  expect(ratio(4, 2)).toBe(2);
  expect(ratio(0, -5)).toBe(0);
  expect(String(ratio(2, -6))).toBe("-1/3");
  expect(() => ratio(1, 0)).toThrow(RangeError);
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), (numerator, denominator) => {
      const value = ratio(numerator, -denominator);
      const [n, d] = isKind(value, "ratio")
        ? [value.numerator, value.denominator]
        : [BigInt(value), 1n];
      expect(n * -denominator).toBe(numerator * d);
      expect(d > 0n).toBe(true);
    }),
    { numRuns: cases(5000), seed },
  );
});
