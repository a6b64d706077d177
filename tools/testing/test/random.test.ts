import { cases, mutate, Random } from "@datahike-sync/testing";
import { expect, test } from "vitest";

test("a case gives the same numbers each time, and other cases others", () => {
  const numbers = (random: Random) => Array.from({ length: 20 }, () => random.below(1000));
  expect(numbers(new Random(3, 7))).toEqual(numbers(new Random(3, 7)));
  expect(numbers(new Random(3, 7))).not.toEqual(numbers(new Random(4, 7)));
  expect(numbers(new Random(3, 7))).not.toEqual(numbers(new Random(3, 8)));
});

test("numbers are spread over their range", () => {
  const random = new Random(0, 1);
  const drawn = Array.from({ length: 10_000 }, () => random.below(10));
  for (let n = 0; n < 10; n++) expect(drawn.filter((d) => d === n).length).toBeGreaterThan(800);
});

test("mutants differ from their origin as a rule, and leave it alone", () => {
  const origin = Uint8Array.from({ length: 40 }, (_, i) => i);
  const mutants = Array.from({ length: 100 }, (_, i) => mutate(origin, new Random(i)).join());
  expect(new Set(mutants).size).toBeGreaterThan(90);
  expect(origin[7]).toBe(7);
});

test("there is always a case to run", () => {
  expect(cases(1)).toBe(1);
  expect(cases(1000)).toBeGreaterThanOrEqual(100);
});
