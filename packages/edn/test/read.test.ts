import {
  bigInteger,
  char,
  decimal,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  equals,
  float,
  isKind,
  isSyncError,
  keyword,
  kindOf,
  list,
  numberArray,
  print,
  rawList,
  read,
  readAll,
  record,
  regex,
  type SyncError,
  symbol,
  tagged,
  uri,
  uuid,
} from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";

/** The error of a text that must not be read. */
function refusal(text: string, options?: Parameters<typeof read>[1]): SyncError {
  try {
    read(text, options);
  } catch (error) {
    if (isSyncError(error, "EDN_SYNTAX")) return error;
    throw error;
  }
  throw new Error(`was read: ${text}`);
}

/** Equal and of one kind. */
function expectRead(text: string, expected: Edn): void {
  const value = read(text);
  expect(kindOf(value), text).toBe(kindOf(expected));
  expect(equals(value, expected), text).toBe(true);
}

describe("read", () => {
  test.each<[string, Edn]>([
    ["nil", null],
    ["true", true],
    ["false", false],
    ["0", 0],
    ["-0", 0],
    ["+7", 7],
    ["9007199254740991", 2 ** 53 - 1],
    ["9007199254740993", 2n ** 53n + 1n],
    ["-9223372036854775808", -(2n ** 63n)],
    ["9223372036854775808", bigInteger(2n ** 63n)],
    ["1N", bigInteger(1)],
    ["0N", bigInteger(0)],
    ["017", 15],
    ["0x1F", 31],
    ["-0xffN", bigInteger(-255)],
    ["2r101", 5],
    ["36rZZ", 1295],
    ["1/3", readRatio()],
    ["4/2", 2],
    ["36893488147419103232/2", bigInteger(2n ** 64n)],
    ["1.0", double(1)],
    ["1.", double(1)],
    ["01.5", 1.5],
    ["1e3", double(1000)],
    ["1.0E-5", 1e-5],
    ["-1.5E+10", double(-1.5e10)],
    ["1e400", Number.POSITIVE_INFINITY],
    ["4.9E-324", 5e-324],
    ["##Inf", Number.POSITIVE_INFINITY],
    ["##-Inf", Number.NEGATIVE_INFINITY],
    ["##NaN", Number.NaN],
    ["1.50M", decimal("1.50")],
    ["1M", decimal("1")],
    ["-1E+3M", decimal(-1n, -3)],
  ])("reads the number or name %s", expectRead);

  function readRatio(): Edn {
    return read("2/6");
  }

  test("-0.0 is a double that keeps its sign", () => {
    const value = read("-0.0");
    expect(isKind(value, "double") && Object.is(value.value, -0)).toBe(true);
    expect(Object.is(read("-0"), 0)).toBe(true);
  });

  test.each<[string, Edn]>([
    ['""', ""],
    ['"a b"', "a b"],
    ['"\\n\\t\\r\\b\\f\\"\\\\"', '\n\t\r\b\f"\\'],
    ['"\\u03A9\\101\\7\\377"', "ΩA\x07ÿ"],
    ['"\\1234"', "S4"],
    ['"line\nbreak"', "line\nbreak"],
    ['"😀\\ud83d"', "😀\ud83d"],
    ["\\a", char("a")],
    ["\\newline", char("\n")],
    ["\\space", char(" ")],
    ["\\tab", char("\t")],
    ["\\return", char("\r")],
    ["\\formfeed", char("\f")],
    ["\\backspace", char("\b")],
    ["\\u03A9", char("Ω")],
    ["\\o101", char("A")],
    ["\\u", char("u")],
    ["\\o", char("o")],
    ["\\(", char("(")],
    ["\\\\", char("\\")],
    ["\\,", char(",")],
    [":a", keyword("a")],
    [":a/b", keyword("a", "b")],
    [":a/b/c", keyword("a", "b/c")],
    [":1", keyword("1")],
    [":/", keyword("/")],
    [":clojure.core//", keyword("clojure.core", "/")],
    ["/", symbol("/")],
    ["foo'", symbol("foo'")],
    ["+", symbol("+")],
    ["-a", symbol("-a")],
    ["a.b/c", symbol("a.b", "c")],
    ["nil?", symbol("nil?")],
    ["a#", symbol("a#")],
  ])("reads the text or name %s", expectRead);

  test.each<[string, Edn]>([
    ["[1, 2 ,,3]", [1, 2, 3]],
    ["(1 (2))", list(1, list(2))],
    [
      "{:a 1, :b [2]}",
      new EdnMap([
        [keyword("a"), 1],
        [keyword("b"), [2]],
      ]),
    ],
    ["#{1 2}", new EdnSet([1, 2])],
    ['#:a{:b 1 :_/c 2 :d/e 3 f 4 "g" 5}', read('{:a/b 1 :c 2 :d/e 3 a/f 4 "g" 5}')],
    ["#:a {:b 1}", read("{:a/b 1}")],
    ["[1;comment ]\n2]", [1, 2]],
    ["[1;comment ]\r2;]\r\n]", [1, 2]],
    ["[1 #_2 #_#_3 4 5]", [1, 5]],
    ["#_1 2 #_3 ;end", 2],
    ["[a\u2003b\u3000c]", [symbol("a"), symbol("b"), symbol("c")]],
    ["[a\u00a0b]", [symbol("a\u00a0b")]],
    ['"a""b"'.slice(0, 3), "a"],
    ['[:a"b":c\\d]', [keyword("a"), "b", keyword("c"), char("d")]],
  ])("reads the form %s", expectRead);

  test.each<[string, Edn]>([
    ['#uuid "00000000-0000-0000-0000-0000000000AA"', uuid("00000000-0000-0000-0000-0000000000aa")],
    ['#bytes "AAEC/4B/"', Uint8Array.of(0, 1, 2, 255, 128, 127)],
    ['#bytes "AA=="', Uint8Array.of(0)],
    ['#bytes ""', new Uint8Array()],
    ["#float 1.5", float(1.5)],
    ["#float ##NaN", float(Number.NaN)],
    ["#short-array [1 -2]", numberArray("short", Int16Array.of(1, -2))],
    ["#int-array [1 2]", numberArray("int", Int32Array.of(1, 2))],
    [
      "#long-array [1 -9223372036854775808]",
      numberArray("long", BigInt64Array.of(1n, -(2n ** 63n))),
    ],
    ["#float-array [0.1]", numberArray("float", Float32Array.of(0.1))],
    ["#double-array [0.1 1.0]", numberArray("double", Float64Array.of(0.1, 1))],
    ["#boolean-array [true false]", numberArray("boolean", [true, false])],
    ["#object-array [1 nil]", numberArray("object", [1, null])],
    ['#regex "a+b"', regex("a+b")],
    ['#uri "http://a"', uri("http://a")],
    ['#record ["a.B" {:x 1}]', record("a.B", new EdnMap([[keyword("x"), 1]]))],
    [
      '#record ["incognito.base.IncognitoTaggedLiteral" {:tag a.B :value {:x 1}}]',
      record("a.B", new EdnMap([[keyword("x"), 1]])),
    ],
    ["#java.util.List [1]", rawList(1)],
    ['#keyword ["a b" "c"]', keyword("a b", "c")],
    ['#symbol [nil "nil"]', symbol(null, "nil")],
    ['#tagged ["no symbol" 1 2]', tagged("no symbol", 1, 2)],
    ["#my/tag {:a 1}", tagged("my/tag", new EdnMap([[keyword("a"), 1]]))],
    ["#a #b 1", tagged("a", tagged("b", 1))],
    ['#object[a.B 0x1b "x"]', tagged("object", [symbol("a.B"), 27, "x"])],
    ["#constructor 1", tagged("constructor", 1)],
  ])("reads the tag in %s", expectRead);

  test.each([
    ["2025", "2025-01-01T00:00:00.000Z"],
    ["2025-12", "2025-12-01T00:00:00.000Z"],
    ["2025-12-17", "2025-12-17T00:00:00.000Z"],
    ["2025-12-17T10", "2025-12-17T10:00:00.000Z"],
    ["2025-12-17T10:20", "2025-12-17T10:20:00.000Z"],
    ["2025-12-17T10:20:30", "2025-12-17T10:20:30.000Z"],
    ["2025-12-17T10:20:30.1", "2025-12-17T10:20:30.100Z"],
    ["2025-12-17T10:20:30.123456789-00:00", "2025-12-17T10:20:30.123Z"],
    ["2025-12-17T10:20:30.123-11:30", "2025-12-17T21:50:30.123Z"],
    ["2025-12-17T10:20:30+01:00", "2025-12-17T09:20:30.000Z"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["0001-01-01", "0001-01-01T00:00:00.000Z"],
    ["12025-01-01", "+012025-01-01T00:00:00.000Z"],
    ["-000001-01-01T00:00:00Z", "-000001-01-01T00:00:00.000Z"],
  ])("reads the instant %s", (text, iso) => {
    const value = read(`#inst "${text}"`);
    expect(value instanceof Date && value.toISOString()).toBe(iso);
  });

  test.each([
    "2025-13",
    "2025-02-29",
    "2025-00",
    "2025-01-01T24:00",
    "2025-01-01T10:60",
    "2025-01-01T10:20:60",
    "2025-01-01T10:20:30+24:00",
    "2025-1-1",
    "25",
    "+275761-01-01",
    "",
  ])("refuses the instant %s", (text) => {
    expect(refusal(`#inst "${text}"`).details["tag"]).toBe("inst");
  });

  test.each([
    "",
    " ;only a comment",
    "#_1",
    "1 2",
    "[1",
    "{:a",
    "(]",
    "[1 #_]",
    "#_",
    "#a",
    "[#a]",
    ")",
    "{:a}",
    "{:a 1 :a 2}",
    "{1 1, 1N 2}",
    "{[1] 1, (1) 2}",
    "#:a{:b 1 :a/b 2}",
    "#{1 1}",
    "#{nil nil}",
    '"abc',
    '"\\q"',
    '"\\u12"',
    '"\\400"',
    '"\\8"',
    "\\",
    "\\ab",
    "\\u00",
    "\\o400",
    "\\o8",
    "08",
    "1a",
    "1.2.3",
    "0x",
    "0xg",
    "1r0",
    "37r1",
    "2r2",
    "1/0",
    "1/-2",
    "1e",
    "1E+99999999999M",
    ":",
    "::a",
    ":a/",
    ":/a",
    "/a",
    "a/",
    "@a",
    "~a",
    "`a",
    "^{:a 1} []",
    "#^a []",
    "a^b",
    "##Nan",
    "##",
    "#",
    "# a 1",
    "#1 2",
    "#<a>",
    '#"regex"',
    "#:a 1",
    "#::a{:b 1}",
    "#:a/b{:c 1}",
    "#nil 1",
    "#uuid 1",
    '#uuid "1-1-1-1-1"',
    '#bytes "A"',
    '#bytes "AA=A"',
    '#bytes "A==="',
    '#bytes "ÄÄÄÄ"',
    "#float :a",
    "#short-array [32768]",
    "#int-array [1.5]",
    "#long-array [9223372036854775808]",
    "#boolean-array [1]",
    '#record ["a"]',
    "#keyword [1 2]",
    '#keyword ["a" "b" "c"]',
    "#tagged [1]",
    "#java.util.List 1",
  ])("refuses %j", (text) => {
    expect(refusal(text).code).toBe("EDN_SYNTAX");
  });

  test("an error says where it is, in units of UTF-16, lines and columns", () => {
    expect(refusal('[1\n "😀" 08]').details).toEqual({ line: 2, column: 7, offset: 9 });
    expect(refusal("\n\n  {:a 1").details).toEqual({ line: 3, column: 3, offset: 4 });
    expect(refusal("[1}").details).toEqual({ line: 1, column: 3, offset: 2, opened: 0 });
    expect(refusal("1 #_2 3").details).toEqual({ line: 1, column: 7, offset: 6 });
    expect(refusal("").details).toEqual({ line: 1, column: 1, offset: 0 });
  });

  test("a tag's reader of the caller comes before one of ours, and gets its field", () => {
    const tags = {
      inst: ([text]: readonly Edn[]) => `at ${print(text ?? null)}`,
      "my/sum": ([items]: readonly Edn[]) =>
        (items as number[]).reduce((sum, item) => sum + item, 0),
    };
    expect(read('[#inst "2020" #my/sum [1 2 3]]', { tags })).toEqual(['at "2020"', 6]);
  });

  test("a reader's error is the cause of ours", () => {
    const cause = new Error("no");
    const tags = {
      a: () => {
        throw cause;
      },
    };
    const error = refusal("[1 #a 2]", { tags });
    expect(error.cause).toBe(cause);
    expect(error.details).toEqual({ line: 1, column: 4, offset: 3, tag: "a" });
  });

  test("a reader that gives no EDN value is refused", () => {
    const tags = { a: () => ({}) as unknown as Edn, b: () => undefined as unknown as Edn };
    expect(refusal("#a 1", { tags }).cause).toBeInstanceOf(TypeError);
    expect(refusal("#b 1", { tags }).cause).toBeInstanceOf(TypeError);
  });

  test("nothing behind #_ is given to a reader", () => {
    const tags = {
      a: () => {
        throw new Error("asked");
      },
    };
    expect(read("[#_ #a 1 #_ {:x [#a 2]} 3]", { tags })).toEqual([3]);
    expect(read('#_ #inst "nonsense" 1')).toBe(1);
  });

  test("limits are named and can be changed", () => {
    expect(refusal("[[1]]", { maxDepth: 1 }).details).toMatchObject({ limit: "maxDepth", max: 1 });
    expect(read("[[1]]", { maxDepth: 2 })).toEqual([[1]]);
    expect(refusal("1234", { maxDigits: 3 }).details["limit"]).toBe("maxDigits");
    expect(read("123", { maxDigits: 3 })).toBe(123);
    expect(refusal(`1${"0".repeat(2048)}`).details["limit"]).toBe("maxDigits");
    expect(
      equals(read(`1${"0".repeat(3000)}`, { maxDigits: 5000 }), bigInteger(10n ** 3000n)),
    ).toBe(true);
    expect(refusal("#_".repeat(1001)).details["limit"]).toBe("maxDepth");
    expect(refusal("#a ".repeat(1001)).details["limit"]).toBe("maxDepth");
  });

  test("what is read is frozen", () => {
    for (const text of [
      "[1]",
      "(1)",
      "{1 2}",
      "#{1}",
      "#a 1",
      '#uuid "00000000-0000-0000-0000-000000000001"',
    ]) {
      expect(Object.isFrozen(read(text)), text).toBe(true);
    }
  });

  test("keywords are the interned ones", () => {
    expect(read(":a/b")).toBe(keyword("a", "b"));
    expect(read("#:a{:b 1}")).toSatisfy((map: EdnMap) => map.get(keyword("a/b")) === 1);
  });
});

describe("readAll", () => {
  test("reads none to many", () => {
    expect(readAll("")).toEqual([]);
    expect(readAll("1 [2] #_3\n4")).toEqual([1, [2], 4]);
    expect(() => readAll("1 [2")).toThrow("the text ends within a vector");
  });
});
