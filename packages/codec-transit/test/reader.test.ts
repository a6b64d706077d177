import { transitCodec } from "@datahike-sync/codec-transit";
import { print } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { hex } from "./hex.ts";
import { decoded, failure } from "./text.ts";

describe("scalars", () => {
  test.each([
    ['["~#\'","~_"]', "nil"],
    ['["~?t","~?f"]', "[true false]"],
    ['["~i5","~i-5","~i9007199254740993"]', "[5 -5 9007199254740993]"],
    [
      '["~i9223372036854775808",9223372036854775808]',
      "[9223372036854775808N 9223372036854775808N]",
    ],
    ['["~d1.0","~d-0.0","~d1.5E3"]', "[1.0 -0.0 1500.0]"],
    ['["~zNaN","~zINF","~z-INF"]', "[##NaN ##Inf ##-Inf]"],
    ['["~n5","~f1.50","~f1E+3"]', "[5N 1.50M 1E+3M]"],
    ['["~:a","~:a/b","~:a/b/c","~:/","~:1"]', "[:a :a/b :a/b/c :/ :1]"],
    ['["~$a","~$a/b","~$/","~$nil"]', '[a a/b / #symbol [nil "nil"]]'],
    [
      '["~m0","~m-1"]',
      '[#inst "1970-01-01T00:00:00.000-00:00" #inst "1969-12-31T23:59:59.999-00:00"]',
    ],
    ['["~t2020-02-29T01:02:03.456Z"]', '[#inst "2020-02-29T01:02:03.456-00:00"]'],
    ['["~t2020-02-29T01:02:03+01:00"]', '[#inst "2020-02-29T00:02:03.000-00:00"]'],
    [
      '["~u00000000-0000-0000-0000-0000000000AA"]',
      '[#uuid "00000000-0000-0000-0000-0000000000aa"]',
    ],
    ['["~ca","~c\\ud83d","~rhttp://a","~bAAEC"]', '[\\a \\ud83d #uri "http://a" #bytes "AAEC"]'],
    ['["~~a","~^a","~`a","`a","~"]', '["~a" "^a" "`a" "`a" "~"]'],
    ['["~Xabc"]', '[#X "abc"]'],
  ])("%s is %s", (text, edn) => expect(decoded(text)).toBe(edn));

  const NONE =
    "~?x ~_x ~i1.5 ~ix ~i ~d1. ~dNaN ~zNAN ~n1.5 ~fx ~m1.5 ~m8640000000000001 ~tNaN ~u123 ~c ~cab " +
    "~t2020-02-30T00:00:00Z ~bA ~b**** ~'a ^ ^5 ^00 ^abc ^\\u00ff";

  test.each(NONE.split(" "))("%s is invalid", (scalar) => {
    expect(failure(`[1,"${scalar}"]`)).toMatch(/^CODEC_INVALID at \d+$/);
  });
});

describe("composites", () => {
  test.each([
    ['["^ "]', "{}"],
    ['["^ ","a",1,"~:b",[2],"~i3",null]', '{"a" 1, :b [2], 3 nil}'],
    ['["^ ","a",1,"a",2]', '{"a" 2}'],
    ['["~#cmap",[[1],2,null,3]]', "{[1] 2, nil 3}"],
    ['["~#set",[1,[2],1]]', "#{1 [2]}"],
    ['["~#list",[]]', "()"],
    ['["~#ratio",["~n4","~n6"]]', "2/3"],
    ['["~#ratio",[4,2]]', "2"],
    ['["~#\'",[1]]', "[1]"],
    ['["~#with-meta",[[1],["^ ","~:m",1]]]', "[1]"],
    ['["~#m",5]', '#inst "1970-01-01T00:00:00.005-00:00"'],
    ['["~#u",[-1,-1]]', '#uuid "ffffffff-ffff-ffff-ffff-ffffffffffff"'],
    [
      '["~#u","00000000-0000-0000-0000-0000000000aa"]',
      '#uuid "00000000-0000-0000-0000-0000000000aa"',
    ],
    ['["~#:","a/b"]', ":a/b"],
    ['["~#point",[1,2]]', "#point [1 2]"],
    ['["~#",1]', '#tagged ["" 1]'],
  ])("%s is %s", (text, edn) => expect(decoded(text)).toBe(edn));

  test.each([
    ['{"a":1,"~:b":{"~#set":[1]}}', '{"a" 1, :b #{1}}'],
    ['{"~#\'":"~:a"}', ":a"],
    ['{"~#cmap":[[1],{"12":{}}]}', '{[1] {"12" {}}}'],
    ['{"10":1,"9":2,"__proto__":{"a":1}}', '{"10" 1, "9" 2, "__proto__" {"a" 1}}'],
  ])("of JSON for people: %s is %s", (text, edn) => expect(decoded(text)).toBe(edn));

  test("of incognito are records, whatever the order of their parts", () => {
    for (const parts of [
      '"~:tag","~$a.B","~:value",["^ ","~:x",1]',
      '"~:value",["^ ","~:x",1],"~:tag","~$a.B"',
    ]) {
      expect(decoded(`["~#incognito",["^ ",${parts}]]`)).toBe('#record ["a.B" {:x 1}]');
    }
  });

  test("under a tag of ours that are none of ours are tagged values", () => {
    for (const [text, edn] of [
      ['["~#incognito",["^ ","~:tag","a"]]', '#incognito {:tag "a"}'],
      ['["~#regex",[1]]', '#tagged ["regex" [1]]'],
      ['["~#keyword",["a","b","c"]]', '#tagged ["keyword" ["a" "b" "c"]]'],
      ['["~#symbol",[1,"b"]]', '#tagged ["symbol" [1 "b"]]'],
      ['["~#tagged",[]]', '#tagged ["tagged" []]'],
    ]) {
      expect(decoded(text ?? "")).toBe(edn);
    }
  });

  test.each([
    '["^ ","a"]',
    '["^ ","a",1,"~#set",[1]]',
    '[1,"~#set",[1]]',
    '[1,"^ "]',
    '["~#set"]',
    '["~#set",[1],2]',
    '["~#set",1]',
    '["~#list","a"]',
    '["~#cmap",[1]]',
    '["~#ratio",[1]]',
    '["~#ratio",[1,2,3]]',
    '["~#ratio",[1,0]]',
    '["~#ratio",[1,1.5]]',
    '["~#with-meta",[]]',
    '["~#with-meta",[1,2,3]]',
    '["~#u",[1]]',
    '["~#u",[1,"a"]]',
    '["~#m",1.5]',
    '["~#i",5]',
    '{"~#set":[1],"a":2}',
    '{"a":1,"~#set":[1]}',
  ])("%s is invalid", (text) => expect(failure(text)).toMatch(/^CODEC_INVALID at \d+$/));
});

describe("cache codes", () => {
  test.each([
    // Names and tags of four units take a code anywhere, other strings only as keys.
    ['["~:ab","~:b","abcd","^0","~$cd","^1"]', '[:ab :b "abcd" :ab cd cd]'],
    ['["^ ","abcd",1,"abc",["^ ","^0",2]]', '{"abcd" 1, "abc" {"abcd" 2}}'],
    [
      '["^ ","~i12",1,"~u00000000-0000-0000-0000-0000000000aa",["^ ","^0",2,"^1",3]]',
      '{12 1, #uuid "00000000-0000-0000-0000-0000000000aa" {12 2, #uuid "00000000-0000-0000-0000-0000000000aa" 3}}',
    ],
    ['[["~#set",[1]],["^0",[2]],["~#foo",1],["^1",2]]', "[#{1} #{2} #foo 1 #foo 2]"],
    // A key of a map that has any keys is no key to the cache.
    ['["~#cmap",["abcd",1,[2],3]]', '{"abcd" 1, [2] 3}'],
    ['{"abcd":["^ ","^0",1]}', '{"abcd" {"abcd" 1}}'],
  ])("%s is %s", (text, edn) => expect(decoded(text)).toBe(edn));

  test("that were given to nothing are invalid", () => {
    expect(failure('["~:abc","^1"]')).toBe("CODEC_INVALID at 13");
    expect(failure('["abcd","^0"]')).toBe("CODEC_INVALID at 12");
  });

  test("begin anew behind 1936 strings", () => {
    const names = Array.from({ length: 1937 }, (_, i) => `"~:k${1000 + i}"`);
    const [last] = names.slice(-1);
    expect(decoded(`[${names.slice(0, 1936).join(",")},"^[["]`)).toContain(":k2935 :k2935]");
    expect(decoded(`[${names.join(",")},"^0"]`)).toContain(
      `${last?.slice(2, -1)} ${last?.slice(2, -1)}]`,
    );
    expect(failure(`[${names.join(",")},"^1"]`)).toMatch(/^CODEC_INVALID/);
  });
});

describe("handlers", () => {
  const codec = transitCodec({
    format: "json",
    handlers: {
      point: ([xy]) => ["point", xy ?? null],
      X: ([text]) => ["X", text ?? null],
      set: () => 1,
      u: () => 1,
    },
  });
  const read = (text: string) => print(codec.decode(new TextEncoder().encode(text)));

  test("read what is under their tag, also behind a code", () => {
    expect(read('[["~#point",[1,2]],["^0",[3]],"~Xabc"]')).toBe(
      '[["point" [1 2]] ["point" [3]] ["X" "abc"]]',
    );
  });

  test("cannot give transit's own tags another meaning", () => {
    expect(read('[["~#set",[1]],["~#u",[0,0]]]')).toBe(
      '[#{1} #uuid "00000000-0000-0000-0000-000000000000"]',
    );
  });

  test("that throw make the bytes invalid and keep the cause", () => {
    const cause = new RangeError("no such point");
    const refusing = transitCodec({
      format: "json",
      handlers: {
        point: () => {
          throw cause;
        },
      },
    });
    expect(() => refusing.decode(new TextEncoder().encode('["~#point",1]'))).toThrow(
      expect.objectContaining({
        code: "CODEC_INVALID",
        cause,
        details: { offset: 12, tag: "point" },
      }),
    );
  });

  test("are only looked for among the object's own properties", () => {
    expect(read('["~#toString",1]')).toBe("#toString 1");
    expect(read('["~#__proto__",1]')).toBe('#tagged ["__proto__" 1]');
  });
});

describe("MessagePack", () => {
  const codec = transitCodec({ format: "msgpack" });
  const read = (bytes: string) => print(codec.decode(hex(bytes)));

  test.each([
    ["92 A3 7E 23 27 CA 3F C0 00 00", "1.5"],
    ["92 A3 7E 23 27 CB 3F F0 00 00 00 00 00 00", "1.0"],
    [
      "93 CF FF FF FF FF FF FF FF FF D3 80 00 00 00 00 00 00 00 CF 00 00 00 00 00 00 00 05",
      "[18446744073709551615N -9223372036854775808 5]",
    ],
    ["94 CC FF CD FF FF CE FF FF FF FF D0 80", "[255 65535 4294967295 -128]"],
    ["92 D1 80 00 D2 80 00 00 00", "[-32768 -2147483648]"],
    ["94 D9 01 61 DA 00 01 62 DB 00 00 00 01 63 A1 64", '["a" "b" "c" "d"]'],
    ["DC 00 01 DD 00 00 00 01 DE 00 01 01 DF 00 00 00 01 C2 C3", "[[{1 {false true}}]]"],
    ["82 C0 01 91 02 03", "{nil 1, [2] 3}"],
    ["81 A5 7E 23 73 65 74 91 01", "#{1}"],
  ])("%s is %s", (bytes, edn) => expect(read(bytes)).toBe(edn));

  test.each([
    ["byte arrays", "91 C4 01 00"],
    ["extensions", "91 D4 01 00"],
    ["the byte that is none", "91 C1"],
    ["text that is not UTF-8", "91 A2 C3 28"],
    ["surrogates", "91 A3 ED A0 BD"],
  ])("has no %s", (_, bytes) => {
    expect(failure(hex(bytes), codec)).toMatch(/^CODEC_INVALID at \d+$/);
  });

  test("believes no count", () => {
    for (const bytes of [
      "DD FF FF FF FF 00",
      "DF 7F FF FF FF 00",
      "DB FF FF FF FF 00",
      "DC FF FF 00",
    ]) {
      expect(failure(hex(bytes), codec)).toMatch(/^CODEC_TRUNCATED at \d+$/);
    }
  });
});
