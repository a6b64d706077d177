import { transitCodec } from "@datahike-sync/codec-transit";
import {
  char,
  double,
  type Edn,
  EdnMap,
  type Extension,
  float,
  identity,
  keyword,
  numberArray,
  print,
  rawList,
  record,
  regex,
  symbol,
  tagged,
} from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { encoded, encodedEdn } from "./text.ts";

const json = transitCodec({ format: "json" });
const msgpack = transitCodec({ format: "msgpack" });

describe("keys", () => {
  test.each([
    ["{nil 1, true 2, false 3}", '["^ ","~_",1,"~?t",2,"~?f",3]'],
    ["{1 1, 9007199254740993 2, 3N 3}", '["^ ","~i1",1,"~i9007199254740993",2,"~n3",3]'],
    ["{1.0 1, ##NaN 2, 1.5M 3}", '["^ ","~d1.0",1,"~zNaN",2,"~f1.5",3]'],
    ['{#inst "1970" 1, #bytes "AAEC" 2, \\a 3}', '["^ ","~m0",1,"~bAAEC",2,"~ca",3]'],
    ['{"~a" 1, "^ " 2}', '["^ ","~~a",1,"~^ ",2]'],
    ["{1/2 1, a 2}", '["~#cmap",[["~#ratio",["~n1","~n2"]],1,"~$a",2]]'],
    ["{(1) 1}", '["~#cmap",[["~#list",[1]],1]]'],
    ["{#foo 1 1}", '["~#cmap",[["~#foo",1],1]]'],
    ['{#X "a" 1}', '["^ ","~Xa",1]'],
  ])("%s is %s", (edn, text) => expect(encodedEdn(edn)).toBe(text));

  test("in MessagePack are what they are, but for what has no form there", () => {
    const value = new EdnMap([
      [1, 1],
      [null, 2],
      [double(1), 3],
      [new Date(0), 4],
    ]);
    expect(print(msgpack.decode(msgpack.encode(value)))).toBe(print(value));
    expect(Array.from(msgpack.encode(value)).slice(0, 4)).toEqual([0x84, 1, 1, 0xc0]);
  });
});

describe("cache codes", () => {
  test.each([
    ["[:ab :ab :b :b]", '["~:ab","^0","~:b","~:b"]'],
    [
      '["abcd" "abcd" {"abcd" 1} {"abcd" "abcd"}]',
      '["abcd","abcd",["^ ","abcd",1],["^ ","^0","abcd"]]',
    ],
    ["[:abc {:abc 1} abc]", '["~:abc",["^ ","^0",1],"~$abc"]'],
    ["[#{1} #{2} (1) (2)]", '[["~#set",[1]],["^0",[2]],["~#list",[1]],["^1",[2]]]'],
    ['["~:abc" :abc]', '["~~:abc","~:abc"]'],
  ])("%s is %s", (edn, text) => expect(encodedEdn(edn)).toBe(text));

  test("have two digits from the 45th string on, and begin anew behind 1936", () => {
    const names = Array.from({ length: 1937 }, (_, i) => keyword(`k${1000 + i}`));
    const codeOf = (count: number, index: number) =>
      encoded([...names.slice(0, count), names[index] ?? null])
        .slice(-6)
        .replace(/^.*,/, "");
    expect(codeOf(45, 43)).toBe('"^["]');
    expect(codeOf(45, 44)).toBe('"^10"]');
    expect(codeOf(1936, 1935)).toBe('"^[["]');
    expect(codeOf(1937, 1936)).toBe('"^0"]');
    expect(encoded([...names, names[0] ?? null])).toMatch(/,"~:k2936","~:k1000"\]$/);
  });
});

describe("what transit has no form for", () => {
  test.each<[Edn, string]>([
    [[float(1.5), float(0.1), float(1)], "[1.5,0.1,1.0]"],
    [rawList(1, rawList()), "[1,[]]"],
    [numberArray("short", Int16Array.of(1, 2)), "[1,2]"],
    [numberArray("long", BigInt64Array.of(2n ** 60n)), '["~i1152921504606846976"]'],
    [numberArray("float", Float32Array.of(0.1, Number.NaN)), '[0.1,"~zNaN"]'],
    [numberArray("boolean", [true]), "[true]"],
  ])("is written as the JVM writes it: %o", (value, text) => expect(encoded(value)).toBe(text));

  test.each<[Edn, string]>([
    [regex("a+"), '["~#regex","a+"]'],
    [keyword(null, "a/b"), '["~#keyword",[null,"a/b"]]'],
    [keyword("", "b"), '["~#keyword",["","b"]]'],
    [symbol("a/b", "c"), '["~#symbol",["a/b","c"]]'],
    [tagged("two", 1, 2), '["~#tagged",["two",1,2]]'],
    [tagged("none"), '["~#tagged",["none"]]'],
    [tagged("set", [1]), '["~#tagged",["set",[1]]]'],
    [tagged("u", "a"), '["~#tagged",["u","a"]]'],
    [tagged("tagged", ["a"]), '["~#tagged",["tagged",["a"]]]'],
    [tagged("~", "a"), '["~#~","a"]'],
    [tagged("#", "a"), '["~##","a"]'],
    [record("a.B", new EdnMap()), '["~#incognito",["^ ","~:tag","~$a.B","~:value",["^ "]]]'],
  ])("is tagged as in EDN text, and comes back: %o", (value, text) => {
    expect(encoded(value)).toBe(text);
    for (const codec of [json, msgpack]) {
      expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
    }
    const key = new EdnMap([[value, value]]);
    expect(print(json.decode(json.encode(key)))).toBe(print(key));
  });

  test("is an instant without a time", () => {
    expect(() => json.encode([new Date(Number.NaN)])).toThrow(
      expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { kind: "inst" } }),
    );
  });

  test("is a lone surrogate in MessagePack; JSON has an escape for it", () => {
    const loneSurrogate = "a\ud83d";
    expect(encoded(loneSurrogate)).toBe(`["~#'","a\\uD83D"]`);
    for (const value of [
      loneSurrogate,
      keyword(loneSurrogate),
      char("\ud83d"),
      tagged(loneSurrogate, 1),
    ]) {
      expect(print(json.decode(json.encode(value)))).toBe(print(value));
      expect(() => msgpack.encode(value)).toThrow(
        expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { kind: "string" } }),
      );
    }
  });
});

test("a string of JSON has the escapes of the JVM", () => {
  expect(encoded('"\\/\b\f\n\r\t\u0001\u001f\u007fé😀￿')).toBe(
    `["~#'","\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\u007fé\\uD83D\\uDE00￿"]`,
  );
});

test("an extension is its form, as a key, too", () => {
  const form = keyword("a");
  const extension: Extension = {
    ednKind: "extension",
    identity: identity(form),
    toEdn: () => form,
  };
  expect(encoded(new EdnMap([[extension, extension]]))).toBe('["^ ","~:a","~:a"]');
  expect(encoded(extension)).toBe('["~#\'","~:a"]');
  const endless: Extension = { ...extension, toEdn: () => endless };
  expect(() => json.encode(endless)).toThrow(TypeError);
});

test("the codec says what it is, and takes no other format", () => {
  expect([json.name, msgpack.name]).toEqual(["transit-json", "transit-msgpack"]);
  expect(json.lossy).toEqual(["float", "numberArray", "rawList"]);
  const format = "yaml" as "json";
  expect(() => transitCodec({ format })).toThrow(TypeError);
});
