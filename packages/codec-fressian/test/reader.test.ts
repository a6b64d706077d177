import { fressianCodec } from "@datahike-sync/codec-fressian";
import {
  bigInteger,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  float,
  identity,
  isSyncError,
  keyword,
  kindOf,
  list,
  numberArray,
  rawList,
  symbol,
  tagged,
} from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { hex } from "./hex.ts";

const codec = fressianCodec();
const a = keyword("a");
const b = keyword("b");

describe("integers", () => {
  test("are read in any length, since not every writer takes the shortest", () => {
    for (const five of [
      "05",
      "50 05",
      "68 00 05",
      "72 00 00 05",
      "76 00 00 00 05",
      "7A 00 00 00 00 05",
      "7E 00 00 00 00 00 05",
      "F8 00 00 00 00 00 00 00 05",
    ]) {
      expect(read(five)).toBe(5);
    }
  });

  test("below zero are read in any length", () => {
    for (const minusTwo of [
      "4F FE",
      "67 FF FE",
      "71 FF FF FE",
      "75 FF FF FF FE",
      "79 FF FF FF FF FE",
      "7D FF FF FF FF FF FE",
      "F8 FF FF FF FF FF FF FF FE",
    ]) {
      expect(read(minusTwo)).toBe(-2);
    }
  });

  test("are numbers as long as those are safe", () => {
    expect(read("F8 00 1F FF FF FF FF FF FF")).toBe(Number.MAX_SAFE_INTEGER);
    expect(read("F8 00 20 00 00 00 00 00 00")).toBe(2n ** 53n);
    expect(read("F8 00 20 00 00 00 00 00 01")).toBe(2n ** 53n + 1n);
    expect(read("F8 FF E0 00 00 00 00 00 01")).toBe(Number.MIN_SAFE_INTEGER);
    expect(read("F8 FF E0 00 00 00 00 00 00")).toBe(-(2n ** 53n));
  });

  test("of any precision stay big integers, however small, and in any length", () => {
    for (const seven of ["C6 D1 07", "C6 D2 00 07", "C6 D9 0A 00 00 00 00 00 00 00 00 00 07"]) {
      expect(shape(read(seven))).toBe(shape(bigInteger(7)));
    }
    expect(shape(read("C6 D0"))).toBe(shape(bigInteger(0)));
    expect(shape(read("C6 D3 FF FF FE"))).toBe(shape(bigInteger(-2)));
  });

  test("of a byte are longs", () => {
    expect(read("EF DE 62 79 74 65 01 4F 80")).toBe(-128);
  });
});

describe("doubles and floats", () => {
  test("keep their kind", () => {
    expect(shape(read("FA 40 00 00 00 00 00 00 00"))).toBe(shape(double(2)));
    expect(shape(read("FB"))).toBe(shape(double(0)));
    expect(shape(read("FC"))).toBe(shape(double(1)));
    expect(shape(read("F9 40 00 00 00"))).toBe(shape(float(2)));
    expect(read("FA 7F F0 00 00 00 00 00 00")).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("text", () => {
  test("is CESU-8", () => {
    expect(read("E3 0C ED A0 BD ED B8 80 20 65 6D 6F 6A 69")).toBe("😀 emoji");
    expect(read("DD ED A0 BD")).toBe("\ud83d");
    expect(read("DC C3 BF")).toBe("ÿ");
  });

  test("of other bytes is invalid, the four bytes of UTF-8 included", () => {
    for (const [bytes, offset] of [
      ["DE F0 9F 98 80", 1],
      ["DB 80", 1],
      ["DC 61 FF", 2],
      ["DC C3 28", 2],
      ["DB C3", 2],
      ["DC E0 A0", 3],
      ["E1 61 61 61 61 61 61 C3 BF", 8],
    ] as const) {
      expect(failure(bytes)).toBe(`CODEC_INVALID at ${offset}`);
    }
  });

  test("is joined from chunks, of which the last may be short", () => {
    expect(read("E2 03 61 62 63 E2 00 E2 01 64 E3 01 65")).toBe("abcde");
    expect(read("E2 03 61 62 63 DB 64")).toBe("abcd");
    expect(read("E2 03 ED A0 BD DD ED B8 80")).toBe("😀");
    expect(failure("E2 01 61 01")).toBe("CODEC_INVALID at 3");
    expect(failure("E2 01 61 F7")).toBe("CODEC_INVALID at 3");
  });

  test("longer than what engines take as arguments is read whole", () => {
    const text = "aÿ".repeat(100_000);
    expect(codec.decode(codec.encode(text))).toBe(text);
  });
});

describe("byte arrays", () => {
  test("are joined from chunks, of which the last is never packed", () => {
    expect(read("D8 02 01 02 D8 00 D9 01 03")).toEqual(Uint8Array.of(1, 2, 3));
    expect(failure("D8 01 01 D1 02")).toBe("CODEC_INVALID at 3");
  });
});

describe("collections", () => {
  test("keep whether they are vectors, lists or raw lists", () => {
    expect(shape(read("EF DE 70 76 65 63 02 01 05"))).toBe(shape([5]));
    expect(shape(read("EF DF 70 6C 69 73 74 02 01 05"))).toBe(shape(list(5)));
    expect(shape(read("E5 05"))).toBe(shape(rawList(5)));
    expect(shape(read("EC 01 05"))).toBe(shape(rawList(5)));
  });

  test("of a closed list end where it says", () => {
    expect(shape(read("ED 01 02 FD"))).toBe(shape(rawList(1, 2)));
    expect(shape(read("E6 ED FD 03"))).toBe(shape(rawList(rawList(), 3)));
    expect(failure("ED 01 02")).toBe("CODEC_TRUNCATED at 3");
  });

  test("of an open list end where it says or with the bytes", () => {
    expect(shape(read("EE 01 02 FD"))).toBe(shape(rawList(1, 2)));
    expect(shape(read("EE 01 02"))).toBe(shape(rawList(1, 2)));
    expect(shape(read("EE EE 01"))).toBe(shape(rawList(rawList(1))));
    expect(failure("EE 01 50")).toBe("CODEC_TRUNCATED at 3");
  });

  test("of ClojureScript's sorted maps, closed and with cached keys, are maps", () => {
    expect(shape(read("C0 ED CD CA F7 CD DB 61 01 CD CA F7 CD DB 62 02 FD"))).toBe(
      shape(
        new EdnMap([
          [a, 1],
          [b, 2],
        ]),
      ),
    );
    expect(shape(read("E6 CD E6 01 02 C0 80"))).toBe(
      shape(rawList(rawList(1, 2), new EdnMap([[1, 2]]))),
    );
    expect(shape(read("C1 ED 01 02 FD"))).toBe(shape(new EdnSet([1, 2])));
  });

  test("keep the first place and the last value of a key that is there twice", () => {
    const map = read("C0 EA 01 DB 61 02 DB 62 01 DB 63") as EdnMap;
    expect([...map]).toEqual([
      [1, "c"],
      [2, "b"],
    ]);
    expect([...(read("C1 E7 01 02 01") as EdnSet)]).toEqual([1, 2]);
  });

  test("that cannot be are invalid", () => {
    expect(failure("C0 E5 01")).toBe("CODEC_INVALID at 1");
    expect(failure("C0 ED 01 FD")).toBe("CODEC_INVALID at 1");
    expect(failure("C0 05")).toBe("CODEC_INVALID at 1");
    expect(failure("C1 EF DE 70 76 65 63 02 00")).toBe("CODEC_INVALID at 1");
    expect(failure("FD")).toBe("CODEC_INVALID at 0");
  });
});

describe("the priority cache", () => {
  test("may hold any object", () => {
    expect(shape(read("E6 CD FA 3F F8 00 00 00 00 00 00 80"))).toBe(shape(rawList(1.5, 1.5)));
    expect(shape(read("E6 CD C0 E6 01 02 80"))).toBe(
      shape(rawList(new EdnMap([[1, 2]]), new EdnMap([[1, 2]]))),
    );
    expect(shape(read("E7 CD F7 80 CC 00"))).toBe(shape(rawList(null, null, null)));
    expect(shape(read("E6 CD C5 CD DB 61 CC 01"))).toBe(shape(rawList(read("C5 DB 61"), "a")));
  });

  test("gives an object its place before those inside it", () => {
    const outer = rawList("a");
    expect(shape(read("E7 CD E5 CD DB 61 80 81"))).toBe(shape(rawList(outer, outer, "a")));
  });

  test("has places beyond those within a code", () => {
    const puts = Array.from({ length: 40 }, (_, i) => `CD DB ${(0x41 + i).toString(16)}`).join(" ");
    const { items } = read(`EC 2A ${puts} CC 27 9F`) as { items: Edn[] } & Edn;
    expect(items.slice(40)).toEqual(["h", "`"]);
  });

  test("refuses a place that was not given", () => {
    expect(failure("80")).toBe("CODEC_INVALID at 0");
    expect(failure("E6 CD DB 61 81")).toBe("CODEC_INVALID at 4");
    expect(failure("CC 50 40")).toBe("CODEC_INVALID at 2");
  });

  test("refuses an object inside itself", () => {
    expect(failure("CD E5 80")).toBe("CODEC_INVALID at 2");
  });
});

describe("names", () => {
  const cached = "EC 06 CA F7 CD DB 61 CA CD DB 62 80";

  test("are read whether cached or not", () => {
    expect(read("CA F7 DB 61")).toBe(a);
    expect(read("CA DB 62 DB 61")).toBe(keyword("b/a"));
    expect(shape(read("C9 DB 62 CD DB 61"))).toBe(shape(symbol("b/a")));
    expect(shape(read("CA DA DA"))).toBe(shape(keyword("", "")));
  });

  test("of one cached part with several others are told apart", () => {
    expect(shape(read(`${cached} CA F7 80 CA 81 80 CA 80 80 CA F7 CC 01`))).toBe(
      shape(rawList(a, keyword("b/a"), a, keyword("b/a"), keyword("a", "a"), b)),
    );
  });

  test("have text for their parts", () => {
    for (const bytes of ["CA F7 F7", "CA F7 05", "CA F7 D1 61", "CA 01 DB 61", "C9 F7 F5"]) {
      expect(() => read(bytes)).toThrow(expect.objectContaining({ code: "CODEC_INVALID" }));
    }
    expect(failure("E6 CD D1 61 CA F7 80")).toBe("CODEC_INVALID at 6");
  });
});

describe("structs", () => {
  test("of tags that nobody knows are kept", () => {
    expect(shape(read("EF DB 74 02 01 DB 61"))).toBe(shape(tagged("t", 1, "a")));
    expect(shape(read("E7 EF DB 74 01 01 EF DB 75 00 A0 02"))).toBe(
      shape(rawList(tagged("t", 1), tagged("u"), tagged("t", 2))),
    );
    expect(shape(read("E6 EF DB 74 01 01 F0 00 02"))).toBe(
      shape(rawList(tagged("t", 1), tagged("t", 2))),
    );
  });

  test("keep the number of fields of their own definition", () => {
    expect(shape(read("EC 04 EF DB 74 01 01 EF DB 74 02 01 02 A0 03 A1 03 04"))).toBe(
      shape(rawList(tagged("t", 1), tagged("t", 1, 2), tagged("t", 3), tagged("t", 3, 4))),
    );
  });

  test("of the format's own tags are what their codes are", () => {
    expect(shape(read("EF DD 6D 61 70 01 E6 01 02"))).toBe(shape(new EdnMap([[1, 2]])));
    expect(shape(read("EF DD 6B 65 79 02 F7 DB 61"))).toBe(shape(a));
    expect(shape(read("EF E0 6C 6F 6E 67 5B 5D 02 02 01 02"))).toBe(
      shape(numberArray("long", BigInt64Array.of(1n, 2n))),
    );
  });

  test("at a place that was not given are invalid", () => {
    expect(failure("A0")).toBe("CODEC_INVALID at 0");
    expect(failure("F0 07")).toBe("CODEC_INVALID at 1");
  });
});

describe("parts of values", () => {
  test("that the value cannot have are invalid", () => {
    for (const bytes of [
      "C3 D9 0F 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
      "C3 D1 00",
      "C3 DB 61",
      "C4 05",
      "C5 F7",
      "C6 05",
      "C7 D1 01 76 80 00 00 00",
      "C7 D1 01 F8 7F FF FF FF FF FF FF FF",
      "C8 F8 7F FF FF FF FF FF FF FF",
      "C8 FB",
      "EF DE 63 68 61 72 01 69 00 00",
      "EF DE 63 68 61 72 01 FF",
      "EF DF 72 61 74 69 6F 02 C6 D1 01 C6 D1 00",
      "EF DF 72 61 74 69 6F 02 01 02",
      "EF E1 69 72 65 63 6F 72 64 02 01 DB 61 E6 01 02",
      "EF E1 69 72 65 63 6F 72 64 02 01 C9 F7 DB 61 E5 01",
      "EF E1 69 72 65 63 6F 72 64 02 01 C9 F7 DB 61 E7 01 02 03",
      "B0 01 FB",
      "B1 01 05",
      "B1 01 F9 40 00 00 00",
      "B2 01 00",
      "B3 01 76 80 00 00 00",
      "B4 01 FC",
      "EF 05 00",
    ]) {
      expect(() => read(bytes), bytes).toThrow(
        expect.objectContaining({
          code: "CODEC_INVALID",
          details: expect.objectContaining({ offset: expect.any(Number) }),
        }),
      );
    }
  });

  test("may be cached", () => {
    expect(shape(read("E6 CD D9 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 C3 80"))).toBe(
      shape(
        rawList(
          Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
          read("C3 D9 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01"),
        ),
      ),
    );
  });

  test("of a ratio are reduced", () => {
    expect(shape(read("EF DF 72 61 74 69 6F 02 C6 D1 04 C6 D1 02"))).toBe(shape(2));
  });
});

describe("codes without a meaning", () => {
  test("are refused with the code and the offset", () => {
    const codes = [0xb6, 0xbe, 0xbf, 0xc2, 0xcb, 0xce, 0xf1, 0xf2, 0xf3, 0xf4, 0xfd];
    for (const code of codes) {
      expect(() => codec.decode(Uint8Array.of(0xe6, 1, code, 0xda))).toThrow(
        expect.objectContaining({ code: "CODEC_INVALID", details: { code, offset: 2 } }),
      );
    }
  });

  test("name ClojureScript's text that the JVM cannot read", () => {
    expect(() => read("BF 01 61")).toThrow(/UTF-8/);
  });
});

describe("footers and resets", () => {
  const one = "01 CF CF CF CF 00 00 00 01 15 19 03 3F";
  const keywordA = "CA F7 CD DB 61 CF CF CF CF 00 00 00 05 3F B4 07 0C";
  const nothing = "CF CF CF CF 00 00 00 00 15 0E 03 3D";

  test("are accepted behind a value and before it", () => {
    expect(read(one)).toBe(1);
    expect(read(keywordA)).toBe(a);
    expect(read(`${one} ${nothing}`)).toBe(1);
    expect(read(`${nothing} 05`)).toBe(5);
    expect(read(`${nothing} ${keywordA}`)).toBe(a);
  });

  test("of other bytes than those before are invalid", () => {
    expect(failure(one.replace("CF CF CF CF", "CF CF CF CE"))).toBe("CODEC_INVALID at 1");
    expect(failure(one.replace("00 00 00 01", "00 00 00 02"))).toBe("CODEC_INVALID at 1");
    expect(failure(one.replace("03 3F", "03 3E"))).toBe("CODEC_INVALID at 1");
    expect(failure(one.replace(/^01/, "02"))).toBe("CODEC_INVALID at 1");
    expect(failure(`${one} ${one.slice(3)}`)).toBe("CODEC_INVALID at 13");
  });

  test("sum up long runs of high bytes", () => {
    const bytes = new Uint8Array(4 + 10_000 + 12).fill(0xff);
    bytes.set(hex("D9 68 27 10"));
    bytes.set(hex("CF CF CF CF 00 00 27 14 98 F0 F0 1A"), 10_004);
    expect(codec.decode(bytes)).toEqual(new Uint8Array(10_000).fill(0xff));
  });

  test("begin with empty caches", () => {
    expect(failure("E6 CD DB 61 FE 80")).toBe("CODEC_INVALID at 5");
    expect(shape(read("E7 CD DB 61 FE CD DB 62 80"))).toBe(shape(rawList("a", "b", "b")));
    expect(shape(read("E6 EF DB 74 00 FE EF DB 75 00"))).toBe(
      shape(rawList(tagged("t"), tagged("u"))),
    );
    expect(failure("E6 EF DB 74 00 FE A0")).toBe("CODEC_INVALID at 6");
  });
});

test("nothing but one value is accepted", () => {
  expect(failure("")).toBe("CODEC_TRUNCATED at 0");
  expect(failure("01 02")).toBe("CODEC_INVALID at 1");
  expect(failure("F7 F7")).toBe("CODEC_INVALID at 1");
});

function read(bytes: string): Edn {
  return codec.decode(hex(bytes));
}

/** What tells a value from all that are not equal, or of another kind. */
function shape(value: Edn): string {
  return `${kindOf(value)} ${identity(value)}`;
}

/** The code and the offset of the error that bytes give. */
function failure(bytes: string): string {
  try {
    return shape(read(bytes));
  } catch (error) {
    if (!isSyncError(error)) throw error;
    return `${error.code} at ${String(error.details["offset"])}`;
  }
}
