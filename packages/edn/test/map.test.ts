import {
  bigInteger,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  equals,
  identity,
  keyword,
  list,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

// Few distinct keys, many kinds: they meet often, across kinds too.
const KEYS: readonly Edn[] = [
  null,
  true,
  1,
  1n,
  bigInteger(1),
  double(1),
  2,
  "a",
  "b",
  keyword("a"),
  keyword("b"),
  keyword("a/b"),
  [1],
  list(1n),
  [[1]],
  new EdnSet([1]),
  Uint8Array.of(1),
  new Date(1),
  Number.NaN,
  2n ** 60n,
];
const keys = fc.oneof(fc.constantFrom(...KEYS), ednArbitrary(fc, { maxDepth: 1 }));

describe("EdnMap", () => {
  test("behaves as a Map by identity, whatever its size", () => {
    const commands = fc.array(fc.tuple(fc.constantFrom("with", "without"), keys), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(commands, fc.array(keys, { maxLength: 20 }), (steps, starts) => {
        const model = new Map(starts.map((key, i) => [identity(key), i] as const));
        let map = new EdnMap(starts.map((key, i) => [key, i]));
        for (const [i, [step, key]] of steps.entries()) {
          const before = map;
          const size = before.size;
          map = step === "with" ? map.with(key, i) : map.without(key);
          expect(before.size).toBe(size);
          if (step === "with") model.set(identity(key), i);
          else model.delete(identity(key));
          expect(map.size).toBe(model.size);
          for (const other of KEYS) {
            expect(map.get(other)).toBe(model.get(identity(other)));
            expect(map.has(other)).toBe(model.has(identity(other)));
          }
        }
        expect([...map].map(([key, value]) => [identity(key), value])).toEqual([...model]);
        expect([...map.keys()].map(identity)).toEqual([...model.keys()]);
        expect([...map.values()]).toEqual([...model.values()]);
        expect(equals(new EdnMap(map), map)).toBe(true);
      }),
      { numRuns: cases(3000), seed },
    );
  });

  test("the first key and the last value of several equal ones stay", () => {
    const first = [1];
    const map = new EdnMap([
      [first, "a"],
      [2, "b"],
      [list(1), "c"],
    ]);
    expect([...map]).toEqual([
      [[1], "c"],
      [2, "b"],
    ]);
    expect([...map.keys()][0]).toBe(first);
  });

  test("fromFlat takes keys and values in turn", () => {
    expect([...EdnMap.fromFlat(["a", 1, "b", 2, "a", 3])]).toEqual([
      ["a", 3],
      ["b", 2],
    ]);
    expect(() => EdnMap.fromFlat(["a"])).toThrow(RangeError);
  });

  test("does not change with what it was made of", () => {
    const entries: [Edn, Edn][] = [["a", 1]];
    const map = new EdnMap(entries);
    entries.push(["b", 2]);
    expect(map.size).toBe(1);
    expect(() => Object.assign(map, { extra: 1 })).toThrow(TypeError);
  });

  test("a hundred thousand entries are made and found at once", () => {
    const started = performance.now();
    const map = new EdnMap(Array.from({ length: 100_000 }, (_, i) => [[i], i]));
    for (let i = 0; i < 100_000; i += 7) expect(map.get(list(i))).toBe(i);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("EdnSet", () => {
  test("behaves as a Set by identity", () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 20 }), (items) => {
        const set = new EdnSet(items);
        const model = new Set(items.map(identity));
        expect(set.size).toBe(model.size);
        expect([...set].map(identity)).toEqual([...model]);
        for (const other of KEYS) expect(set.has(other)).toBe(model.has(identity(other)));
      }),
      { numRuns: cases(5000), seed },
    );
  });
});
