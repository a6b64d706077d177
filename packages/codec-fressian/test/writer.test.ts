import { fressianCodec } from "@datahike-sync/codec-fressian";
import {
  double,
  type Edn,
  EdnMap,
  EdnSet,
  identity,
  keyword,
  kindOf,
  numberArray,
  rawList,
  tagged,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "./hex.ts";

const codec = fressianCodec();

describe("text", () => {
  test("of up to 65,536 bytes is one chunk", () => {
    expect(toHex(codec.encode("x".repeat(65_536)), 4)).toBe("E3 69 00 00");
    expect(toHex(codec.encode("\uffff".repeat(21_845)), 4)).toBe("E3 68 FF FF");
  });

  test("of more is cut before the unit that would not fit", () => {
    expect(chunks("x".repeat(65_537))).toEqual(["E2 69 00 00", "DB"]);
    expect(chunks("x".repeat(65_544))).toEqual(["E2 69 00 00", "E3 08"]);
    expect(chunks("\uffff".repeat(21_846))).toEqual(["E2 68 FF FF", "DD"]);
    expect(chunks(`${"x".repeat(65_535)}ÿ`)).toEqual(["E2 68 FF FF", "DC"]);
    expect(chunks("x".repeat(2 * 65_536))).toEqual(["E2 69 00 00", "E3 69 00 00"]);
  });

  test("is cut within a pair of surrogates, too", () => {
    expect(chunks(`${"x".repeat(65_533)}😀`)).toEqual(["E2 69 00 00", "DD"]);
  });

  test("comes back whole", () => {
    for (const unit of ["x", "ÿ", "\uffff", "😀", "aÿ😀"]) {
      const text = unit.repeat(70_000);
      expect(codec.decode(codec.encode(text))).toBe(text);
    }
  });

  /** What begins each chunk: its code, and its length where that is not within the code. */
  function chunks(text: string): string[] {
    const bytes = codec.encode(text);
    const heads: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const [code = 0, a = 0, b = 0, c = 0] = bytes.subarray(at, at + 4);
      const [head, size] =
        code < 0xe2 ? [1, code - 0xda] : a < 64 ? [2, a] : [4, ((a - 0x68) << 16) | (b << 8) | c];
      heads.push(toHex(bytes.subarray(at, at + head)));
      at += head + size;
    }
    return heads;
  }
});

describe("byte arrays", () => {
  test("of up to 65,535 bytes are one chunk, of more several", () => {
    expect(toHex(codec.encode(new Uint8Array(7)), 1)).toBe("D7");
    expect(toHex(codec.encode(new Uint8Array(8)), 2)).toBe("D9 08");
    expect(toHex(codec.encode(new Uint8Array(65_535)), 5)).toBe("D9 68 FF FF 00");
    const bytes = codec.encode(new Uint8Array(65_536));
    expect(toHex(bytes, 5)).toBe("D8 68 FF FF 00");
    expect(toHex(bytes.subarray(65_539))).toBe("D9 01 00");
  });

  test("come back whole", () => {
    for (const length of [65_534, 65_535, 65_536, 131_070, 131_071, 1_000_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      expect(codec.decode(codec.encode(bytes))).toEqual(bytes);
    }
  });
});

describe("the caches", () => {
  test("refer to names beyond the first 32 by a number", () => {
    const names = Array.from({ length: 70 }, (_, i) => keyword(`n${i}`));
    const bytes = codec.encode([...names, ...names]);
    expect(toHex(bytes.subarray(-10))).toBe("40 CA F7 CC 50 44 CA F7 CC 50 45".slice(3));
    expect(codec.decode(bytes)).toEqual([...names, ...names]);
  });

  test("hold neither empty names nor text outside of names", () => {
    expect(toHex(codec.encode(rawList("a", "a", keyword("", "a"), keyword("", "a"))))).toBe(
      "E8 DB 61 DB 61 CA DA CD DB 61 CA DA 80",
    );
  });

  test("refer to structs beyond the first 16 by a number", () => {
    const structs = Array.from({ length: 70 }, (_, i) => tagged(`t${i}`));
    const value = rawList(...structs, ...structs);
    const bytes = codec.encode(value);
    expect(toHex(bytes.subarray(-3))).toBe("F0 50 45");
    expect(identity(codec.decode(bytes))).toBe(identity(value));
  });

  test("define a struct again that has another number of fields", () => {
    const value = rawList(tagged("t", 1), tagged("t"), tagged("t", 2), tagged("t", 3));
    expect(toHex(codec.encode(value))).toBe("E8 EF DB 74 01 01 EF DB 74 00 EF DB 74 01 02 A2 03");
    expect(identity(codec.decode(codec.encode(value)))).toBe(identity(value));
  });
});

describe("numbers", () => {
  test("that fit in 64 bits are longs, whatever holds them", () => {
    expect(toHex(codec.encode(5n))).toBe("05");
    expect(toHex(codec.encode(2n ** 53n))).toBe("F8 00 20 00 00 00 00 00 00");
    expect(toHex(codec.encode(2n ** 63n))).toBe("C6 D9 09 00 80 00 00 00 00 00 00 00");
    expect(toHex(codec.encode(-(2n ** 63n) - 1n))).toBe("C6 D9 09 FF 7F FF FF FF FF FF FF FF");
  });

  test("that are NaN have the bits of the JVM's", () => {
    const odd = codec.decode(Uint8Array.of(0xfa, 0xff, 0xf0, 0, 0, 0, 0, 0, 1));
    expect(toHex(codec.encode(odd))).toBe("FA 7F F8 00 00 00 00 00 00");
    const oddFloat = codec.decode(Uint8Array.of(0xf9, 0xff, 0x80, 0, 1));
    expect(toHex(codec.encode(oddFloat))).toBe("F9 7F C0 00 00");
  });

  test("that are -0.0 become 0.0, as on the JVM", () => {
    expect(toHex(codec.encode(double(-0)))).toBe("FB");
  });

  test("around every length of an integer come back in the fewest bytes", () => {
    for (let bits = 0n; bits < 64n; bits++) {
      for (const near of [-2n, -1n, 0n, 1n]) {
        for (const value of [2n ** bits + near, -(2n ** bits) + near]) {
          if (value !== BigInt.asIntN(64, value)) continue;
          const bytes = codec.encode(value);
          expect(BigInt(codec.decode(bytes) as bigint)).toBe(value);
          expect(bytes.length, String(value)).toBe(lengthOf(value));
        }
      }
    }
  });

  /** How many bytes the JVM takes for a long. */
  function lengthOf(value: bigint): number {
    if (value >= -1n && value < 64n) return 1;
    const magnitude = value < 0n ? ~value : value;
    const lengths = [12n, 19n, 25n, 33n, 41n, 49n].findIndex((bits) => magnitude < 2n ** bits);
    return lengths < 0 ? 9 : lengths + 2;
  }
});

describe("every value", () => {
  const numRuns = cases(20_000);

  test("comes back as it was, and gives the same bytes again", () => {
    const values = ednArbitrary(fc, { without: ["numberArray"], maxDepth: 4 });
    fc.assert(fc.property(values, comesBack), { numRuns, seed });
  });

  test("with arrays of numbers, shorts apart, comes back as it was", () => {
    const items = ednArbitrary(fc, { without: ["numberArray"], maxDepth: 1 });
    const arrays = fc.oneof(
      fc.int32Array().map((array) => numberArray("int", array)),
      fc.bigInt64Array().map((array) => numberArray("long", array)),
      fc.float32Array().map((array) => numberArray("float", array)),
      fc.float64Array().map((array) => numberArray("double", array)),
      fc.array(fc.boolean()).map((array) => numberArray("boolean", array)),
      fc.array(items).map((array) => numberArray("object", array)),
    );
    fc.assert(fc.property(arrays, comesBack), { numRuns: numRuns / 10, seed });
  });

  function comesBack(value: Edn): void {
    const bytes = codec.encode(value);
    const read = codec.decode(bytes);
    expect(identity(read)).toBe(identity(value));
    expect(kindOf(read)).toBe(kindOf(value));
    // The bytes tell the kinds of what is inside, too.
    expect(toHex(codec.encode(read), bytes.length)).toBe(toHex(bytes, bytes.length));
  }
});

test("collections are written in their order", () => {
  const entries: [Edn, Edn][] = Array.from({ length: 100 }, (_, i) => [99 - i, i]);
  const map = codec.decode(codec.encode(new EdnMap(entries))) as EdnMap;
  expect([...map]).toEqual(entries);
  const set = codec.decode(codec.encode(new EdnSet(entries.map(([key]) => key)))) as EdnSet;
  expect([...set]).toEqual(entries.map(([key]) => key));
});
