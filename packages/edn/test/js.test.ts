import {
  char,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  equals,
  fromJs,
  keyword,
  list,
  numberArray,
  print,
  read,
  tagged,
  toJs,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const strings = { keys: "string" } as const;

describe("toJs and fromJs", () => {
  test("fromJs takes back what toJs gave", () => {
    for (const options of [{}, strings]) {
      fc.assert(
        fc.property(ednArbitrary(fc), (value) => {
          const back = fromJs(toJs(value, options), options);
          expect(equals(back, value), print(value)).toBe(true);
        }),
        { numRuns: cases(20_000), seed },
      );
    }
  });

  test("toJs gives back JSON as JSON.parse made it", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        for (const options of [{}, strings]) {
          expect(JSON.stringify(toJs(fromJs(value, options), options))).toBe(JSON.stringify(value));
        }
      }),
      { numRuns: cases(5000), seed },
    );
  });
});

describe("toJs", () => {
  test.each([
    ["[1 (2) #java.util.List [3]]", [1, [2], [3]]],
    ["{:a 1 :b/c {:d nil}}", { a: 1, "b/c": { d: null } }],
    ["{}", {}],
    ['{"a" 1}', new Map([["a", 1]])],
    [
      "{:a 1 2 3}",
      new Map<unknown, unknown>([
        [keyword("a"), 1],
        [2, 3],
      ]),
    ],
    ["{[1] {:a 2}}", new Map([[[1], { a: 2 }]])],
    ["#{1 [2]}", new Set([1, [2]])],
    ["#float-array [1.5]", Float32Array.of(1.5)],
    ["#long-array [1]", BigInt64Array.of(1n)],
    ["[:a 1.5 9007199254740993]", [keyword("a"), 1.5, 2n ** 53n + 1n]],
  ])("makes plain collections of %s", (text, expected) => {
    expect(toJs(read(text))).toEqual(expected);
  });

  test("with string keys, strings become properties and keywords do not", () => {
    expect(toJs(read('{"a" {"b" 1}}'), strings)).toEqual({ a: { b: 1 } });
    expect(toJs(read("{:a 1}"), strings)).toEqual(new Map([[keyword("a"), 1]]));
  });

  test("names that a property would not give back stay keys of a Map", () => {
    const map = new EdnMap([[keyword("a/b", "c"), 1]]);
    expect(toJs(map)).toEqual(new Map([[keyword("a/b", "c"), 1]]));
  });

  test("all other values stay as they are", () => {
    for (const value of [double(1), char("a"), tagged("a", [1]), new Date(1), Uint8Array.of(1)]) {
      expect(toJs(value)).toBe(value);
    }
  });

  test("__proto__ is a property like any other", () => {
    const object = toJs(read("{:__proto__ {:polluted 1} :a 2}")) as Record<string, unknown>;
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(Object.keys(object)).toEqual(["__proto__", "a"]);
    expect(object["polluted"]).toBe(undefined);
    expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
    expect(print(fromJs(object))).toBe("{:__proto__ {:polluted 1}, :a 2}");
  });

  test("what it makes belongs to the caller", () => {
    const value = read("[[1] {:a 1}]");
    const made = toJs(value) as unknown[];
    made.push(1);
    expect(print(value)).toBe("[[1] {:a 1}]");
    const array = numberArray("int", Int32Array.of(1));
    expect(toJs(array)).not.toBe(array.items);
  });
});

describe("fromJs", () => {
  test.each<[unknown, string]>([
    [{ a: 1, "b/c": [true, null] }, "{:a 1, :b/c [true nil]}"],
    [{ a: undefined, b: 1 }, "{:b 1}"],
    [
      new Map<unknown, unknown>([
        ["a", { b: 1 }],
        [[1], 2],
      ]),
      '{"a" {:b 1}, [1] 2}',
    ],
    [new Set([1, { a: 1 }]), "#{1 {:a 1}}"],
    [Object.create(null, { a: { value: 1, enumerable: true } }), "{:a 1}"],
    [Float64Array.of(1), "#double-array [1.0]"],
    [Int16Array.of(1), "#short-array [1]"],
    [JSON.parse('{"__proto__": {"a": 1}}'), "{:__proto__ {:a 1}}"],
    [JSON.parse('{"ednKind": "keyword", "name": "a"}'), '{:ednKind "keyword", :name "a"}'],
    [[list(1), new EdnSet([2]), 1n], "[(1) #{2} 1]"],
    ["a", '"a"'],
  ])("makes EDN of %s", (value, text) => {
    expect(print(fromJs(value))).toBe(text);
  });

  test("keys may be strings", () => {
    expect(print(fromJs({ a: { b: 1 } }, strings))).toBe('{"a" {"b" 1}}');
  });

  test("what has no EDN form is refused", () => {
    class Point {
      readonly x: number = 1;
    }
    const values = [undefined, () => 1, Symbol("a"), [undefined], { a: () => 1 }, new Point()];
    for (const value of [...values, /a/, new Int8Array(1), new ArrayBuffer(1), Array(1)]) {
      expect(() => fromJs(value)).toThrow(TypeError);
    }
  });

  test("an object within itself is refused, one in two places is not", () => {
    const cyclic: Record<string, unknown> = { list: [] };
    cyclic["list"] = [new Map([[1, new Set([cyclic])]])];
    expect(() => fromJs(cyclic)).toThrow("an object that holds itself has no EDN form");
    const shared = { a: 1 };
    expect(print(fromJs([shared, shared]))).toBe("[{:a 1} {:a 1}]");
    let doubled: unknown = [1];
    for (let i = 0; i < 100; i++) doubled = [doubled, doubled];
    const value = fromJs(doubled) as readonly Edn[];
    expect(value[0]).toBe(value[1]);
  });

  test("what is nested too deeply is refused", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = { a: deep };
    expect(() => fromJs(deep)).toThrow(RangeError);
    let value: Edn = 1;
    for (let i = 0; i < 2000; i++) value = [value];
    expect(() => toJs(value)).toThrow(RangeError);
  });

  test("its result is frozen", () => {
    expect(Object.isFrozen(fromJs([1]))).toBe(true);
  });
});
