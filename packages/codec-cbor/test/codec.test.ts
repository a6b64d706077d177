import { cborCodec } from "@datahike-sync/codec-cbor";
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
  isKind,
  isSyncError,
  keyword,
  kindOf,
  list,
  numberArray,
  print,
  ratio,
  rawList,
  record,
  regex,
  symbol,
  tagged,
  uri,
  uuid,
} from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";

const codec = cborCodec();
const a = keyword("a");

/** Written by the JVM. */
const EXAMPLES: readonly (readonly [value: Edn, bytes: string])[] = [
  [null, "f6"],
  [true, "f5"],
  [false, "f4"],
  [0, "00"],
  [23, "17"],
  [24, "1818"],
  [255, "18ff"],
  [256, "190100"],
  [65_535, "19ffff"],
  [65_536, "1a00010000"],
  [2 ** 32 - 1, "1affffffff"],
  [2 ** 32, "1b0000000100000000"],
  [-1, "20"],
  [-24, "37"],
  [-25, "3818"],
  [-(2 ** 31) - 1, "3a80000000"],
  [2n ** 53n + 1n, "1b0020000000000001"],
  [-(2n ** 63n), "3b7fffffffffffffff"],
  [bigInteger(0), "c24100"],
  [bigInteger(1), "c24101"],
  [bigInteger(128), "c24180"],
  [bigInteger(-1), "c34100"],
  [2n ** 63n, "c2488000000000000000"],
  [bigInteger(-(2n ** 63n) - 1n), "c3488000000000000000"],
  [1.5, "fb3ff8000000000000"],
  [double(1), "fb3ff0000000000000"],
  [double(-0), "fb8000000000000000"],
  [Number.NaN, "fb7ff8000000000000"],
  [float(1.5), "fa3fc00000"],
  [ratio(1, 3), "d81e820103"],
  [decimal("1.50"), "c482211896"],
  [decimal("1E+3"), "c4820301"],
  [decimal("7"), "c4820007"],
  [char("a"), "d81b826c636c6f6a7572652f636861726161"],
  ["", "60"],
  ["é", "62c3a9"],
  ["\u{1f621}", "64f09f98a1"],
  [a, "d827623a61"],
  [keyword("a/b"), "d827643a612f62"],
  [symbol("a"), "d8276161"],
  [[1, [2]], "82018102"],
  [list(1), "8101"],
  [rawList(1), "8101"],
  [new EdnMap([[a, 1]]), "a1d827623a6101"],
  [new EdnSet([1]), "d901028101"],
  [uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890"), "d82550a1b2c3d4e5f67890abcdef1234567890"],
  [new Date(0), "c074313937302d30312d30315430303a30303a30305a"],
  [new Date(123), "c07818313937302d30312d30315430303a30303a30302e3132335a"],
  [Uint8Array.of(1, 2, 3), "43010203"],
  [uri("http://a"), "d82068687474703a2f2f61"],
  [regex("a+"), "d82362612b"],
  [numberArray("short", Int16Array.of(1, -2)), "d84d440100feff"],
  [numberArray("int", Int32Array.of(1, -2)), "d84e4801000000feffffff"],
  [numberArray("long", BigInt64Array.of(-2n)), "d84f48feffffffffffffff"],
  [numberArray("float", Float32Array.of(1)), "d855440000803f"],
  [numberArray("double", Float64Array.of(1)), "d85648000000000000f03f"],
  [numberArray("boolean", [true, false]), "d81b82726a6176612f626f6f6c65616e2d617272617982f5f4"],
  [numberArray("object", [null, 1]), "d81b82716a6176612f6f626a6563742d617272617982f601"],
  [record("my.ns/Rec", new EdnMap([[a, 1]])), "d81b82696d792e6e732f526563a1d827623a6101"],
  [tagged("my/tag", [1]), "d81b82666d792f7461678101"],
];

describe("the worked examples of the format", () => {
  test("are written as the JVM writes them", () => {
    for (const [value, bytes] of EXAMPLES) expect(toHex(codec.encode(value)), bytes).toBe(bytes);
  });

  test("are read as what they are, or as what their kind comes back as", () => {
    for (const [value, bytes] of EXAMPLES) {
      expect(print(codec.decode(hex(bytes)))).toBe(print(comesBackAs(value)));
    }
  });

  function comesBackAs(value: Edn): Edn {
    if (isKind(value, "list") || isKind(value, "rawList")) return value.items;
    return isKind(value, "record") ? tagged(value.type, value.fields) : value;
  }
});

describe("what is said beside a value is dropped", () => {
  test.each([
    ["metadata", "d81b8271636c6f6a7572652f776974682d6d65746182a1d827623a6d018101", "[1]"],
    [
      "metadata in metadata",
      "d81b8271636c6f6a7572652f776974682d6d65746182a0d81b8271636c6f6a7572652f776974682d6d65746182a0a0",
      "{}",
    ],
    [
      "that a map is sorted",
      "d81b8272636c6f6a7572652f736f727465642d6d6170a2d827623a6101d827623a6202",
      "{:a 1, :b 2}",
    ],
    [
      "that a set is sorted",
      "d81b8272636c6f6a7572652f736f727465642d73657482010 2".replaceAll(" ", ""),
      "#{1 2}",
    ],
    ["that a vector is a queue", "d81b826d636c6f6a7572652f7175657565820102", "[1 2]"],
  ])("%s", (_, bytes, edn) => {
    expect(print(codec.decode(hex(bytes)))).toBe(edn);
  });
});

describe("handlers", () => {
  const point: Extension = {
    ednKind: "extension",
    identity: identity(tagged("my/point", [1, 2])),
    toEdn: () => tagged("my/point", [1, 2]),
  };

  test("read the values under their name", () => {
    const seen: (readonly Edn[])[] = [];
    const handlers = {
      "my/point": (fields: readonly Edn[]) => {
        seen.push(fields);
        return point;
      },
    };
    const bytes = codec.encode([
      tagged("my/point", [1, 2]),
      tagged("my/point", null),
      tagged("p", 1),
    ]);
    const reading = cborCodec({ handlers });
    for (let again = 0; again < 2; again++) {
      expect(reading.decode(bytes)).toEqual([point, point, tagged("p", 1)]);
    }
    expect(seen).toEqual([[[1, 2]], [null], [[1, 2]], [null]]);
    expect(seen.every(Object.isFrozen)).toBe(true);
  });

  test("can make records of what they are written as", () => {
    const handlers = {
      "my.ns/Rec": ([fields]: readonly Edn[]) => record("my.ns/Rec", fields as EdnMap),
    };
    const value = record("my.ns/Rec", new EdnMap([[a, [1, null]]]));
    expect(print(cborCodec({ handlers }).decode(codec.encode(value)))).toBe(print(value));
  });

  test("give what is written as its EDN form", () => {
    const form = tagged("my/point", [1, 2]);
    expect(codec.encode([point, point])).toEqual(codec.encode([form, form]));
  });

  test("that throw make the bytes invalid and keep the cause", () => {
    const cause = new RangeError("no such point");
    const refusing = cborCodec({
      handlers: {
        "my/point": () => {
          throw cause;
        },
      },
    });
    const bytes = codec.encode([tagged("my/point", 1)]);
    const details = { offset: bytes.length, tag: "my/point" };
    expect(() => refusing.decode(bytes)).toThrow(
      expect.objectContaining({ code: "CODEC_INVALID", cause, details }),
    );
  });

  test("are only looked for among the object's own properties", () => {
    for (const tag of ["toString", "__proto__", "constructor"]) {
      const value = tagged(tag, 1);
      expect(codec.decode(codec.encode(value))).toEqual(value);
    }
  });

  test("cannot give the format's own names another meaning", () => {
    const other = cborCodec({ handlers: { "clojure/char": () => "mine" } });
    expect(other.decode(codec.encode(char("a")))).toEqual(char("a"));
  });
});

describe("a decoded value", () => {
  test("shares no memory with the bytes", () => {
    const value = [Uint8Array.of(1, 2, 3), numberArray("int", Int32Array.of(7, 8)), keyword("b/c")];
    const bytes = codec.encode(value);
    const read = codec.decode(bytes);
    bytes.fill(0xee);
    expect(print(read)).toBe(print(value));
    expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
  });

  test("is read from a part of a larger buffer", () => {
    const value = [1.5, "text", uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890"), 2n ** 60n, a];
    const bytes = codec.encode(value);
    const larger = new Uint8Array(bytes.length + 20).fill(0xff);
    larger.set(bytes, 10);
    expect(equals(codec.decode(larger.subarray(10, 10 + bytes.length)), value)).toBe(true);
  });

  test("has frozen collections", () => {
    const value = codec.decode(hex("83 81 01 9f 02 ff d8 1b 82 61 74 03"));
    const [vector, open, object] = value as [Edn[], Edn[], { fields: Edn[] }];
    for (const array of [value, vector, open, object.fields]) {
      expect(Object.isFrozen(array)).toBe(true);
    }
  });
});

test("the codec says what it is", () => {
  expect(codec.name).toBe("cbor");
  expect(codec.lossy).toEqual(["list", "rawList", "record", "extension"]);
});

test("an extension may encode something else to make its EDN form", () => {
  const form = "65696e6e6572";
  const inner: Extension = {
    ednKind: "extension",
    identity: identity(form),
    toEdn: () => toHex(codec.encode("inner")),
  };
  expect(codec.decode(codec.encode([1, inner, 2]))).toEqual([1, form, 2]);
});

describe("what has no form in the format is refused", () => {
  test.each<[string, Edn]>([
    ["text with a lone surrogate", "\ud800"],
    ["a character that is half of a pair", char(0xdc00)],
    ["a keyword with a lone surrogate", keyword("\ud800")],
    ["a keyword that would be split elsewhere", keyword("a/b", "c")],
    ["a keyword with a namespace of nothing", keyword("", "a")],
    ["a symbol that would be split", symbol(null, "a/b")],
    ["a symbol that would be a keyword", symbol(":a")],
    ["an invalid instant", new Date(Number.NaN)],
    ["a tagged value without a field", tagged("t")],
    ["a tagged value of two fields", tagged("t", 1, 2)],
    ["a tagged value with a name of the format", tagged("clojure/char", "a")],
    ["a tagged value with one that was just written", [char("a"), tagged("clojure/char", "a")]],
    ["a tagged value with a lone surrogate", tagged("\ud800", 1)],
    ["a record with a name of the format", record("clojure/with-meta", new EdnMap())],
    ["a tag of this format as that of another", tagged("cbor/tag", 39, ":a")],
    ["a tag of this format as a bigint", tagged("cbor/tag", 39n, ":a")],
    ["a tag below zero", tagged("cbor/tag", -1, 0)],
    ["a tag beyond 64 bits", tagged("cbor/tag", 2n ** 64n, 0)],
    ["a tag that is no integer", tagged("cbor/tag", 1000.5, 0)],
    ["a tag without content", tagged("cbor/tag", 1000)],
    ["a simple value that is nil", tagged("cbor/simple", 22)],
    ["a simple value that there is not", tagged("cbor/simple", 24)],
  ])("%s", (_, value) => {
    expect(() => codec.encode([value])).toThrow(
      expect.objectContaining({
        code: "CODEC_UNSUPPORTED",
        details: { kind: kindOf(last(value)) },
      }),
    );
    // Nothing of it is left for the next value.
    expect(toHex(codec.encode([1]))).toBe("8101");
  });
});

describe("two keys that would be read as one", () => {
  const fields = new EdnMap([[a, 1]]);
  const [one, other] = [record("t", fields), tagged("t", fields)];
  const REFUSED = expect.objectContaining({
    code: "CODEC_UNSUPPORTED",
    details: { kind: "record" },
  });
  const wraps: readonly ((key: Edn) => Edn)[] = [
    (key) => key,
    (key) => [1, key],
    (key) => new EdnMap([[key, 1]]),
    (key) => new EdnSet([key]),
  ];

  test("are refused, however deep the record is in them", () => {
    for (const wrap of wraps) {
      for (const keys of [
        [wrap(one), wrap(other)],
        [wrap(other), 1, wrap(one)],
      ]) {
        expect(() => codec.encode(new EdnSet(keys))).toThrow(REFUSED);
        expect(() => codec.encode(new EdnMap(keys.map((key) => [key, 1])))).toThrow(REFUSED);
      }
    }
    const nested = new EdnSet([new EdnSet([1, one]), new EdnSet([other, 1])]);
    expect(() => codec.encode(nested)).toThrow(REFUSED);
  });

  test("are refused where only the spelling of a name differs", () => {
    const [inCbor, inValues] = ["datahike.db/DB", "datahike.db.DB"];
    for (let again = 0; again < 2; again++) {
      const names = new EdnSet([tagged(inValues, 1), tagged(inCbor, 1)]);
      expect(() => codec.encode(names)).toThrow(REFUSED);
    }
  });

  test("are none where the records are in values, or alone", () => {
    for (const value of [
      new EdnSet([one, a]),
      new EdnMap([
        [1, one],
        [2, other],
      ]),
    ]) {
      expect(codec.encode(codec.decode(codec.encode(value)))).toEqual(codec.encode(value));
    }
  });
});

test("what is no value of EDN is a mistake of the caller", () => {
  for (const value of [undefined, {}, () => 1, Symbol("s")]) {
    const attempt = () => codec.encode(value as unknown as Edn);
    expect(attempt).toThrow(TypeError);
    expect(isSyncError(attempt)).toBe(false);
  }
});

function last(value: Edn): Edn {
  return Array.isArray(value) ? ((value as readonly Edn[]).at(-1) ?? null) : value;
}
