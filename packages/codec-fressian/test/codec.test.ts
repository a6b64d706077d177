import { fressianCodec } from "@datahike-sync/codec-fressian";
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
  isSyncError,
  keyword,
  kindOf,
  list,
  numberArray,
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

const codec = fressianCodec();
const a = keyword("a");

/** Written by the JVM. */
const EXAMPLES: readonly (readonly [value: Edn, bytes: string])[] = [
  [null, "F7"],
  [true, "F5"],
  [false, "F6"],
  [0, "00"],
  [63, "3F"],
  [64, "50 40"],
  [-1, "FF"],
  [-2, "4F FE"],
  [4095, "5F FF"],
  [4096, "68 10 00"],
  [-4096, "40 00"],
  [-4097, "67 EF FF"],
  [65535, "68 FF FF"],
  [524288, "72 08 00 00"],
  [33554432, "76 02 00 00 00"],
  [8589934592, "7A 02 00 00 00 00"],
  [2 ** 41, "7E 02 00 00 00 00 00"],
  [2 ** 49, "F8 00 02 00 00 00 00 00 00"],
  [2n ** 63n - 1n, "F8 7F FF FF FF FF FF FF FF"],
  [-(2n ** 63n), "F8 80 00 00 00 00 00 00 00"],
  ["", "DA"],
  ["a", "DB 61"],
  ["1234567", "E1 31 32 33 34 35 36 37"],
  ["12345678", "E3 08 31 32 33 34 35 36 37 38"],
  ["\u{1f621}", "E0 ED A0 BD ED B8 A1"],
  ["\0", "DB 00"],
  ["é", "DC C3 A9"],
  [a, "CA F7 CD DB 61"],
  [keyword("a/b"), "CA CD DB 61 CD DB 62"],
  [symbol("a"), "C9 F7 CD DB 61"],
  [[], "EF DE 70 76 65 63 02 00"],
  [list(), "EF DF 70 6C 69 73 74 02 00"],
  [[1, 2], "EF DE 70 76 65 63 02 02 01 02"],
  [list(1, 2), "EF DF 70 6C 69 73 74 02 02 01 02"],
  [rawList(1, 2), "E6 01 02"],
  [new EdnMap(), "C0 E4"],
  [new EdnSet(), "C1 E4"],
  [new EdnMap([[a, 1]]), "C0 E6 CA F7 CD DB 61 01"],
  [new EdnSet([1]), "C1 E5 01"],
  [
    uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890"),
    "C3 D9 10 A1 B2 C3 D4 E5 F6 78 90 AB CD EF 12 34 56 78 90",
  ],
  [new Date(1765985185123), "C8 7B 9B 2C EB 6D 63"],
  [bigInteger(1), "C6 D1 01"],
  [bigInteger(128), "C6 D2 00 80"],
  [bigInteger(-1), "C6 D1 FF"],
  [decimal("1.50"), "C7 D2 00 96 02"],
  [decimal("1E+3"), "C7 D1 01 4F FD"],
  [ratio(1, 3), "EF DF 72 61 74 69 6F 02 C6 D1 01 C6 D1 03"],
  [char("a"), "EF DE 63 68 61 72 01 50 61"],
  [1.5, "FA 3F F8 00 00 00 00 00 00"],
  [Number.NaN, "FA 7F F8 00 00 00 00 00 00"],
  [double(0), "FB"],
  [double(1), "FC"],
  [float(1.5), "F9 3F C0 00 00"],
  [uri("http://a"), "C5 E3 08 68 74 74 70 3A 2F 2F 61"],
  [regex("a+"), "C4 DC 61 2B"],
  [numberArray("long", BigInt64Array.of(1n, 2n)), "B0 02 01 02"],
  [numberArray("boolean", [true, false]), "B2 02 F5 F6"],
  [Uint8Array.of(1, 2), "D2 01 02"],
  [[a, a, keyword("b/a")], "EF DE 70 76 65 63 02 03 CA F7 CD DB 61 CA F7 80 CA CD DB 62 80"],
  [[[1], [2], list(3)], "EF DE 70 76 65 63 02 03 A0 01 01 A0 01 02 EF DF 70 6C 69 73 74 02 01 03"],
  [
    record(
      "f.Foo",
      new EdnMap([
        [a, 1],
        [keyword("b"), "x"],
      ]),
    ),
    "EF E1 69 72 65 63 6F 72 64 02 02 C9 F7 CD DF 66 2E 46 6F 6F E6 CA F7 CD DB 61 01 E6 CA F7 CD DB 62 DB 78",
  ],
];

describe("the worked examples of the format", () => {
  test("are written as the JVM writes them", () => {
    for (const [value, bytes] of EXAMPLES) expect(toHex(codec.encode(value))).toBe(bytes);
  });

  test("are read as what they are", () => {
    for (const [value, bytes] of EXAMPLES) {
      const read = codec.decode(hex(bytes));
      expect(identity(read), bytes).toBe(identity(value));
      expect(kindOf(read), bytes).toBe(kindOf(value));
    }
  });
});

describe("handlers", () => {
  const point: Extension = {
    ednKind: "extension",
    identity: identity(tagged("point", 1, 2)),
    toEdn: () => tagged("point", 1, 2),
  };

  test("read the structs of their tag, also by its place in the cache", () => {
    const seen: (readonly Edn[])[] = [];
    const handlers = {
      point: (fields: readonly Edn[]) => {
        seen.push(fields);
        return point;
      },
    };
    const bytes = codec.encode([tagged("point", 1, 2), tagged("point", 3, [])]);
    const read = fressianCodec({ handlers }).decode(bytes);
    expect(read).toEqual([point, point]);
    expect(seen).toEqual([
      [1, 2],
      [3, []],
    ]);
    expect(seen.every(Object.isFrozen)).toBe(true);
  });

  test("give what is written as its EDN form", () => {
    expect(codec.encode([point, point])).toEqual(
      codec.encode([tagged("point", 1, 2), tagged("point", 1, 2)]),
    );
  });

  test("that throw make the bytes invalid and keep the cause", () => {
    const cause = new RangeError("no such point");
    const refusing = fressianCodec({
      handlers: {
        point: () => {
          throw cause;
        },
      },
    });
    const bytes = codec.encode([tagged("point")]);
    expect(() => refusing.decode(bytes)).toThrow(
      expect.objectContaining({ code: "CODEC_INVALID", cause }),
    );
    expect(() => refusing.decode(bytes)).toThrow(
      expect.objectContaining({ details: { offset: bytes.length, tag: "point" } }),
    );
  });

  test("are only looked for among the object's own properties", () => {
    for (const tag of ["toString", "__proto__", "constructor"]) {
      const value = tagged(tag, 1);
      expect(codec.decode(codec.encode(value))).toEqual(value);
    }
  });

  test("cannot give the format's own tags another meaning", () => {
    const other = fressianCodec({ handlers: { pvec: () => "mine", key: () => "mine" } });
    expect(other.decode(codec.encode([a]))).toEqual([a]);
  });
});

describe("a decoded value", () => {
  test("shares no memory with the bytes", () => {
    const bytes = codec.encode([Uint8Array.of(1, 2, 3), new Uint8Array(100).fill(7)]);
    const value = codec.decode(bytes);
    bytes.fill(0xee);
    expect(value).toEqual([Uint8Array.of(1, 2, 3), new Uint8Array(100).fill(7)]);
  });

  test("is read from a part of a larger buffer", () => {
    const value = [1.5, "text", uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890"), 2n ** 60n];
    const bytes = codec.encode(value);
    const larger = new Uint8Array(bytes.length + 20).fill(0xff);
    larger.set(bytes, 10);
    expect(equals(codec.decode(larger.subarray(10, 10 + bytes.length)), value)).toBe(true);
  });

  test("has frozen collections", () => {
    const value = codec.decode(codec.encode([[1], list(2), rawList(3), tagged("t", 4)]));
    const [vector, items, raw, struct] = value as [Edn[], ...{ items: Edn[]; fields: Edn[] }[]];
    for (const array of [value, vector, items?.items, raw?.items, struct?.fields]) {
      expect(Object.isFrozen(array)).toBe(true);
    }
  });
});

test("the codec says what it is", () => {
  expect(codec.name).toBe("fressian");
  expect(codec.lossy).toEqual([]);
});

test("the bytes of a value are in an array of their own", () => {
  const bytes = codec.encode("text");
  expect(bytes.byteOffset).toBe(0);
  expect(bytes.buffer.byteLength).toBe(bytes.length);
  expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
});

test("what has no form in the format is refused", () => {
  const refused: Edn[] = [
    numberArray("short", Int16Array.of(1)),
    new Date(Number.NaN),
    tagged("pvec", 1),
    tagged("map"),
  ];
  for (const value of refused) {
    expect(() => codec.encode([value])).toThrow(
      expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { kind: kindOf(value) } }),
    );
  }
});

test("what is no value of EDN is a mistake of the caller", () => {
  for (const value of [undefined, {}, () => 1, Symbol("s")]) {
    const attempt = () => codec.encode(value as unknown as Edn);
    expect(attempt).toThrow(TypeError);
    expect(isSyncError(attempt)).toBe(false);
  }
});
