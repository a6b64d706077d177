import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  double,
  type Edn,
  EdnMap,
  EdnSet,
  type Extension,
  equals,
  identity,
  isSyncError,
  keyword,
  kindOf,
  list,
  numberArray,
  print,
  rawList,
  record,
  tagged,
  uuid,
} from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";

const codec = msgpackCodec();
const a = keyword("a");

test("the codec says what it is", () => {
  expect(codec.name).toBe("msgpack");
  expect(codec.lossy).toEqual([]);
});

describe("lengths", () => {
  const MANY = Array.from({ length: 65_536 }, () => 0);
  const TEXT = "a".repeat(65_536);
  const cut = (count: number) => MANY.slice(0, count);

  test.each<[string, Edn, string]>([
    ["a string", TEXT.slice(1), "da ff ff 61"],
    ["a longer string", TEXT, "db 00 01 00 00 61"],
    ["bytes", new Uint8Array(65_535), "c5 ff ff 00"],
    ["more bytes", new Uint8Array(65_536), "c6 00 01 00 00 00"],
    ["a vector", cut(65_535), "dc ff ff 00"],
    ["a longer vector", MANY, "dd 00 01 00 00 00"],
    ["a list", list(...cut(65_534)), "dc ff ff c7 00 20 00"],
    ["a longer list", list(...cut(65_535)), "dd 00 01 00 00 c7 00 20 00"],
    ["a map", mapOf(65_535), "de ff ff 00"],
    ["a larger map", mapOf(65_536), "df 00 01 00 00 00"],
    ["a keyword", keyword(null, TEXT.slice(1)), "c8 ff ff 01 61"],
    ["a longer keyword", keyword(null, TEXT), "c9 00 01 00 00 01 61"],
    ["a tag", tagged(TEXT), "91 c9 00 01 00 00 26 61"],
  ])("of %s are in the shortest form", (_, value, start) => {
    const bytes = codec.encode(value);
    expect(toHex(bytes.subarray(0, hex(start).length))).toBe(toHex(hex(start)));
    expect(identity(codec.decode(bytes))).toBe(identity(value));
  });

  test("of places are in the shortest form", () => {
    const keywords = Array.from({ length: 65_537 }, (_, i) => keyword(`k${i}`));
    const again = [keywords[255], keywords[256], keywords[65_535], keywords[65_536]];
    const value = [...keywords, ...again.filter((one) => one !== undefined)];
    const bytes = codec.encode(value);
    const places = hex("d4 02 ff d5 02 01 00 d5 02 ff ff d6 02 00 01 00 00");
    expect(toHex(bytes.subarray(-places.length))).toBe(toHex(places));
    expect(codec.decode(bytes)).toEqual(value);
  });

  function mapOf(size: number): EdnMap {
    return new EdnMap(MANY.slice(0, size).map((value, key) => [key, value]));
  }
});

describe("numbers", () => {
  test("that are equal to a long are written as it", () => {
    for (const [value, same] of [
      [1n, 1],
      [-0, 0],
      [2 ** 40, 2n ** 40n],
    ] as const) {
      expect(codec.encode(value)).toEqual(codec.encode(same));
    }
  });

  test("that are doubles stay doubles, also whole ones", () => {
    for (const value of [1, -0, 2 ** 52]) {
      const read = codec.decode(codec.encode(double(value)));
      expect([kindOf(read), Number(read)]).toEqual(["double", value]);
    }
  });

  test("have one NaN, whatever its bits were", () => {
    const odd = new Uint8Array(8).fill(0xff);
    const doubles = new Float64Array(odd.buffer);
    const floats = new Float32Array(odd.buffer);
    expect(toHex(codec.encode(doubles[0] ?? 0))).toBe("cb7ff8000000000000");
    expect(toHex(codec.encode(numberArray("double", doubles)))).toBe("d7147ff8000000000000");
    expect(toHex(codec.encode(numberArray("float", floats)))).toBe("d7137fc000007fc00000");
  });
});

describe("handlers", () => {
  const form = tagged("point", 1, 2);
  const point: Extension = { ednKind: "extension", identity: identity(form), toEdn: () => form };

  test("read the values of their tag, also by its place", () => {
    const seen: (readonly Edn[])[] = [];
    const read = (fields: readonly Edn[]) => {
      seen.push(fields);
      return point;
    };
    const bytes = codec.encode([tagged("point", 1, 2), tagged("line"), tagged("point", 3, [])]);
    expect(msgpackCodec({ handlers: { point: read } }).decode(bytes)).toEqual([
      point,
      tagged("line"),
      point,
    ]);
    expect(seen).toEqual([
      [1, 2],
      [3, []],
    ]);
    expect(seen.every(Object.isFrozen)).toBe(true);
  });

  test("give what is written as its EDN form", () => {
    expect(codec.encode([point, point])).toEqual(codec.encode([form, form]));
  });

  test("that throw make the bytes invalid and keep the cause", () => {
    const cause = new RangeError("no such point");
    const refuse = () => {
      throw cause;
    };
    const refusing = msgpackCodec({ handlers: { point: refuse } });
    const bytes = codec.encode([tagged("point"), 1]);
    expect(() => refusing.decode(bytes)).toThrow(
      expect.objectContaining({
        code: "CODEC_INVALID",
        cause,
        details: { offset: bytes.length - 1, tag: "point" },
      }),
    );
  });

  test("are only looked for among the object's own properties", () => {
    for (const tag of ["toString", "__proto__", "constructor"]) {
      expect(codec.decode(codec.encode(tagged(tag, 1)))).toEqual(tagged(tag, 1));
    }
  });

  test("do not read records", () => {
    const value = record("point", new EdnMap());
    const other = msgpackCodec({ handlers: { point: () => null } });
    expect(other.decode(codec.encode(value))).toEqual(value);
  });
});

describe("extensions", () => {
  test("may be written with the same codec while it writes them", () => {
    const inner: Extension = {
      ednKind: "extension",
      identity: identity("never asked"),
      toEdn: () => codec.encode(["inside", a]),
    };
    const bytes = codec.encode(["outside", a, inner, a]);
    expect(codec.decode(bytes)).toEqual(["outside", a, codec.encode(["inside", a]), a]);
  });

  test("whose EDN form is an extension are a mistake of the caller", () => {
    const endless: Extension = { ednKind: "extension", identity: "", toEdn: () => endless };
    expect(() => codec.encode(endless)).toThrow(
      new TypeError("the EDN form of an extension is an extension"),
    );
  });
});

describe("a decoded value", () => {
  test("shares no memory with the bytes", () => {
    const value = [
      new Uint8Array(3),
      new Uint8Array(100),
      tagged("msgpack/extension", 99, hex("01 02")),
    ];
    const bytes = codec.encode(value);
    const read = codec.decode(bytes);
    bytes.fill(0xee);
    expect(read).toEqual(value);
  });

  test("is read from a part of a larger buffer", () => {
    const value = [
      1.5,
      "text",
      uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890"),
      2n ** 60n,
      new Date(-1),
      numberArray("double", Float64Array.of(1.5)),
    ];
    const bytes = codec.encode(value);
    const larger = new Uint8Array(bytes.length + 20).fill(0xff);
    larger.set(bytes, 11);
    expect(equals(codec.decode(larger.subarray(11, 11 + bytes.length)), value)).toBe(true);
  });

  test("has frozen collections", () => {
    const value = codec.decode(codec.encode([[1], list(2), rawList(3), tagged("t", 4)]));
    const [vector, items, raw, struct] = value as [Edn[], ...{ items: Edn[]; fields: Edn[] }[]];
    for (const array of [value, vector, items?.items, raw?.items, struct?.fields]) {
      expect(Object.isFrozen(array)).toBe(true);
    }
  });

  test("has keywords that are the same objects as all others", () => {
    expect(codec.decode(codec.encode([a, a]))).toEqual([a, a]);
    expect(codec.decode(codec.encode(a))).toBe(a);
  });
});

test("the bytes of a value are in an array of their own", () => {
  const bytes = codec.encode("text");
  codec.encode("other");
  expect(bytes.byteOffset).toBe(0);
  expect(bytes.buffer.byteLength).toBe(bytes.length);
  expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
  expect(codec.decode(bytes)).toBe("text");
});

test("the order of entries and items is kept", () => {
  const value = new EdnMap([
    ["b", new EdnSet([3, 1, 2])],
    ["a", 1],
  ]);
  expect(print(codec.decode(codec.encode(value)))).toBe('{"b" #{3 1 2}, "a" 1}');
});

test("what is no value of EDN is a mistake of the caller, and the next value is none the worse", () => {
  const wrong: unknown[] = [undefined, {}, () => 1, Symbol("s"), new Map(), [1, undefined]];
  for (const value of wrong) {
    const attempt = () => codec.encode([new Uint8Array(5000), value as Edn]);
    expect(attempt).toThrow(TypeError);
    expect(isSyncError(attempt)).toBe(false);
    expect(toHex(codec.encode([1]))).toBe("9101");
  }
});
