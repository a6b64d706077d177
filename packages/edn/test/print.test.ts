import {
  bigInteger,
  char,
  decimal,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  type Extension,
  equals,
  float,
  identity,
  keyword,
  list,
  MAX_DEPTH,
  numberArray,
  print,
  rawList,
  read,
  readAll,
  record,
  regex,
  symbol,
  tagged,
  uri,
  uuid,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** What is printed is read as an equal value of the same kinds, which prints the same. */
function expectBack(value: Edn): void {
  const text = print(value);
  const back = read(text);
  expect(equals(back, value), text).toBe(true);
  expect(print(back)).toBe(text);
}

class Wrapped implements Extension {
  readonly form: Edn;
  constructor(form: Edn) {
    this.form = form;
  }
  get ednKind(): "extension" {
    return "extension";
  }
  get identity(): string {
    return identity(this.form);
  }
  toEdn(): Edn {
    return this.form;
  }
}

const INCOGNITO = "incognito.base.IncognitoTaggedLiteral";

const TEXTS: readonly [value: Edn, text: string][] = [
  [null, "nil"],
  [true, "true"],
  [1, "1"],
  [-0, "0"],
  [2n ** 63n - 1n, "9223372036854775807"],
  [2n ** 63n, "9223372036854775808N"],
  [bigInteger(12), "12N"],
  [double(1), "1.0"],
  [double(-0), "-0.0"],
  [1.5, "1.5"],
  [1e7 + 0.5, "1.00000005E7"],
  [1e-3, "0.001"],
  [1e-4, "1.0E-4"],
  [2 ** 53, "9.007199254740992E15"],
  [5e-324, "4.9E-324"],
  [1e23, "1.0E23"],
  [Number.NaN, "##NaN"],
  [Number.NEGATIVE_INFINITY, "##-Inf"],
  [float(0.1), "#float 0.1"],
  [float(Number.POSITIVE_INFINITY), "#float ##Inf"],
  [float(-0), "#float -0.0"],
  [decimal("1.50"), "1.50M"],
  [decimal(1n, -3), "1E+3M"],
  [decimal(1n, 2 ** 31 - 1), "1E-2147483647M"],
  [read("1/3"), "1/3"],
  ['a"\\\n\t\r\b\f', '"a\\"\\\\\\n\\t\\r\\b\\f"'],
  ["é😀", '"é😀"'],
  ["\0\x7f\ud800", '"\\u0000\\u007f\\ud800"'],
  [char("a"), "\\a"],
  [char(" "), "\\space"],
  [char(","), "\\u002c"],
  [char("\u3000"), "\\u3000"],
  [char(0xd800), "\\ud800"],
  [char("("), "\\("],
  [keyword("a/b"), ":a/b"],
  [keyword("1"), ":1"],
  [keyword("clojure.core", "/"), ":clojure.core//"],
  [keyword(""), '#keyword [nil ""]'],
  [keyword("a b"), '#keyword [nil "a b"]'],
  [keyword("a", ""), '#keyword ["a" ""]'],
  [keyword("", "a"), '#keyword ["" "a"]'],
  [keyword("a/b", "c"), '#keyword ["a/b" "c"]'],
  [keyword(null, "a/b"), '#keyword [nil "a/b"]'],
  [keyword(":a"), '#keyword [nil ":a"]'],
  [keyword("a\ud800"), '#keyword [nil "a\\ud800"]'],
  [symbol("a.b/c"), "a.b/c"],
  [symbol("/"), "/"],
  [symbol("-"), "-"],
  [symbol("nil"), '#symbol [nil "nil"]'],
  [symbol("-1"), '#symbol [nil "-1"]'],
  [symbol("a\\b"), '#symbol [nil "a\\\\b"]'],
  [uuid("6b008124-09fb-4046-a6a3-dfd0712bf93e"), '#uuid "6b008124-09fb-4046-a6a3-dfd0712bf93e"'],
  [new Date(1734449185123), '#inst "2024-12-17T15:26:25.123-00:00"'],
  [new Date(-62135596800000), '#inst "0001-01-01T00:00:00.000-00:00"'],
  [new Date(8.64e15), '#inst "+275760-09-13T00:00:00.000-00:00"'],
  [new Date(-8.64e15), '#inst "-271821-04-20T00:00:00.000-00:00"'],
  [new Date(Number.NaN), '#inst "NaN"'],
  [Uint8Array.of(0, 1, 2, 255), '#bytes "AAEC/w=="'],
  [uri("http://a/ b"), '#uri "http://a/ b"'],
  [regex('a"+'), '#regex "a\\"+"'],
  [[1, [2]], "[1 [2]]"],
  [list(), "()"],
  [rawList(1, 2), "#java.util.List [1 2]"],
  [new EdnSet([1, 2]), "#{1 2}"],
  [
    new EdnMap([
      [keyword("a", "x"), 1],
      [keyword("a", "y"), 2],
    ]),
    "{:a/x 1, :a/y 2}",
  ],
  [numberArray("float", Float32Array.of(0.1, Number.NaN)), "#float-array [0.1 ##NaN]"],
  [numberArray("double", Float64Array.of(1, -0)), "#double-array [1.0 -0.0]"],
  [numberArray("long", BigInt64Array.of(2n ** 63n - 1n)), "#long-array [9223372036854775807]"],
  [numberArray("object", [1, "a"]), '#object-array [1 "a"]'],
  [record("a.B", new EdnMap()), '#record ["a.B" {}]'],
  [tagged("my/tag", 1), "#my/tag 1"],
  [tagged("my/tag", 1, 2), '#tagged ["my/tag" 1 2]'],
  [tagged("my/tag"), '#tagged ["my/tag"]'],
  [tagged("inst", "2020"), '#tagged ["inst" "2020"]'],
  [tagged("tagged", []), '#tagged ["tagged" []]'],
  [tagged("no symbol", 1), '#tagged ["no symbol" 1]'],
  [tagged("_a", 1), '#tagged ["_a" 1]'],
  [tagged("constructor", 1), "#constructor 1"],
];

describe("print", () => {
  test.each(TEXTS)("prints %s as %s", (value, text) => {
    expect(print(value)).toBe(text);
    expectBack(value);
  });

  test("prints an extension as its EDN form", () => {
    const form = tagged("a", [1]);
    expect(print([new Wrapped(form)])).toBe("[#a [1]]");
    expect(() => print(new Wrapped(new Wrapped(1)))).toThrow(TypeError);
  });

  test("a record that says it stands for another reads back as itself", () => {
    const fields = new EdnMap([
      [keyword("tag"), symbol("a.B")],
      [keyword("value"), new EdnMap()],
    ]);
    expectBack(record(INCOGNITO, fields));
    expectBack(record(INCOGNITO, new EdnMap([[keyword("tag"), 1]])));
    expect(equals(record(INCOGNITO, fields), record("a.B", new EdnMap()))).toBe(false);
  });

  test("what is no EDN value is refused", () => {
    for (const value of [
      undefined,
      {},
      () => 1,
      Symbol("a"),
      new Map(),
      [undefined],
      new Int8Array(1),
    ]) {
      expect(() => print(value as Edn)).toThrow(TypeError);
    }
  });

  test("prints as deep as read reads, and refuses what is deeper or within itself", () => {
    const deepest = (inner: string) =>
      "[".repeat(MAX_DEPTH - 1) + inner + "]".repeat(MAX_DEPTH - 1);
    for (const inner of ["[1]", '#uuid "00000000-0000-0000-0000-000000000001"', "{1 2}", "#a 1"]) {
      const text = deepest(inner);
      expect(print(read(text))).toBe(text);
      expect(() => print([read(text)])).toThrow(RangeError);
    }
    const cyclic: Edn[] = [];
    cyclic.push(cyclic);
    expect(() => print(cyclic)).toThrow(RangeError);
  });

  test("every value reads back equal and of the same kinds", () => {
    fc.assert(fc.property(ednArbitrary(fc), expectBack), { numRuns: cases(50_000), seed });
  });

  test("every float reads back from its own digits", () => {
    const bits = fc.integer({ min: 0, max: 0x7f7fffff });
    const view = new DataView(new ArrayBuffer(4));
    fc.assert(
      fc.property(bits, (pattern) => {
        view.setInt32(0, pattern);
        const value = view.getFloat32(0);
        const text = float(value).toString();
        expect(Math.fround(Number(text))).toBe(value);
        expect(text.replace(/E.*|\./g, "").replace(/^0+/, "").length).toBeLessThanOrEqual(9);
      }),
      { numRuns: cases(50_000), seed },
    );
  });

  test("many values in one text are told apart", () => {
    const values = fc.array(ednArbitrary(fc, { maxDepth: 1 }), { maxLength: 4 });
    fc.assert(
      fc.property(values, (items) => {
        expect(equals(readAll(items.map(print).join("\n")), items)).toBe(true);
      }),
      { numRuns: cases(5000), seed },
    );
  });
});
