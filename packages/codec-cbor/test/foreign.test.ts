/** Bytes that this codec does not write, and others may. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import { isSyncError, print, tagged } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";

const codec = cborCodec();

describe("other forms of the same are read", () => {
  test.each([
    [
      "integers that are longer than need be",
      "84 1801 190001 1a00000001 1b0000000000000001",
      "[1 1 1 1]",
    ],
    [
      "negative integers that are longer than need be",
      "84 3800 390000 3a00000000 3b0000000000000000",
      "[-1 -1 -1 -1]",
    ],
    [
      "integers at the edge of what a number holds",
      "82 1b001fffffffffffff 3b001fffffffffffff",
      "[9007199254740991 -9007199254740992]",
    ],
    [
      "integers beyond 63 bits",
      "82 1bffffffffffffffff 3bffffffffffffffff",
      "[18446744073709551615N -18446744073709551616N]",
    ],
    [
      "integers just beyond a long",
      "82 1b8000000000000000 3b8000000000000000",
      "[9223372036854775808N -9223372036854775809N]",
    ],
    [
      "floats of half precision",
      "85 f93c00 f90001 f903ff f97bff f9c400",
      "[#float 1.0 #float 5.9604645E-8 #float 6.097555E-5 #float 65504.0 #float -4.0]",
    ],
    [
      "floats of half precision that are no numbers",
      "84 f97c00 f9fc00 f97e00 f98000",
      "[#float ##Inf #float ##-Inf #float ##NaN #float -0.0]",
    ],
    ["other bits of NaN", "82 fbfff0000000000001 faff800001", "[##NaN #float ##NaN]"],
    ["arrays with long lengths", "9801 990001 9a00000001 9b0000000000000001 01", "[[[[1]]]]"],
    ["arrays without a length", "9f 01 9f ff ff", "[1 []]"],
    ["maps without a length", "bf 01 02 9fff bfff ff", "{1 2, [] {}}"],
    ["sets without a length", "d90102 9f 01 02 ff", "#{1 2}"],
    ["text in chunks", "7f 6161 60 62c3a9 ff", '"aé"'],
    ["text without chunks", "7fff", '""'],
    ["bytes in chunks", "5f 4101 40 420203 ff", '#bytes "AQID"'],
    ["keywords in chunks", "d827 7f 623a61 6162 ff", ":ab"],
    ["tags that are longer than need be", "82 d90027 623a61 da00000027 623a61", "[:a :a]"],
    ["objects without a length", "d81b 9f 6161 01 ff", "#a 1"],
    ["objects with long lengths", "d81b 9a00000002 780161 01", "#a 1"],
    ["names in chunks", "d81b 82 7f 6161 ff 01", "#a 1"],
    ["big integers with zeros before them", "82 c2 420001 c3 420000", "[1N -1N]"],
    ["big integers without bytes", "82 c240 c340", "[0N -1N]"],
    ["big integers in chunks", "c2 5f 4101 4100 ff", "256N"],
    ["a ratio that is not in lowest terms", "d81e 82 02 06", "1/3"],
    ["a ratio that is none", "d81e 82 06 c2 4102", "3"],
    ["a ratio below zero", "d81e 82 01 22", "-1/3"],
    ["a decimal with big integers", "c4 82 c3 4101 c2 4196", "1.50M"],
    [
      "an instant in another zone",
      "c0 7819 323032352d31322d31375430393a30363a32352b30313a3330",
      '#inst "2025-12-17T07:36:25.000-00:00"',
    ],
    [
      "an instant west of it",
      "c0 7819 323032352d31322d31375430393a30363a32352d30313a3330",
      '#inst "2025-12-17T10:36:25.000-00:00"',
    ],
    [
      "an instant in small letters",
      "c0 74 323032352d31322d31377430393a30363a32357a",
      '#inst "2025-12-17T09:06:25.000-00:00"',
    ],
    [
      "an instant with less than a millisecond",
      "c0 781e 323032352d31322d31375430393a30363a32352e3132333435363738395a",
      '#inst "2025-12-17T09:06:25.123-00:00"',
    ],
    [
      "an instant with tenths",
      "c0 7816 323032352d31322d31375430393a30363a32352e355a",
      '#inst "2025-12-17T09:06:25.500-00:00"',
    ],
    [
      "a leap second",
      "c0 74 323031362d31322d33315432333a35393a36305a",
      '#inst "2017-01-01T00:00:00.000-00:00"',
    ],
    [
      "an instant of the year 0",
      "c0 74 303030302d30312d30315430303a30303a30305a",
      '#inst "0000-01-01T00:00:00.000-00:00"',
    ],
    [
      "seconds since 1970",
      "82 c1 1a6553f100 c1 20",
      '[#inst "2023-11-14T22:13:20.000-00:00" #inst "1969-12-31T23:59:59.000-00:00"]',
    ],
    [
      "seconds with a fraction",
      "83 c1 fb41d954fc4007df3b c1 fa3fc00000 c1 f93e00",
      '[#inst "2023-11-14T22:13:20.123-00:00" #inst "1970-01-01T00:00:01.500-00:00" #inst "1970-01-01T00:00:01.500-00:00"]',
    ],
    [
      "arrays of bytes with and without a sign",
      "83 d840 42 01ff d844 42 01ff d848 42 01ff",
      "[#short-array [1 255] #short-array [1 255] #short-array [1 -1]]",
    ],
    [
      "arrays of 16 bits",
      "84 d841 42 fffe d845 42 feff d849 42 fffe d84d 42 feff",
      "[#int-array [65534] #int-array [65534] #short-array [-2] #short-array [-2]]",
    ],
    [
      "arrays of 32 bits",
      "84 d842 44 fffffffe d846 44 feffffff d84a 44 fffffffe d84e 44 feffffff",
      "[#long-array [4294967294] #long-array [4294967294] #int-array [-2] #int-array [-2]]",
    ],
    [
      "arrays of several elements that become wider",
      "84 d842 4c 00000001 80000000 ffffffff d841 44 00018000 d848 43 01807f d850 46 3c00c0007c00",
      "[#long-array [1 2147483648 4294967295] #int-array [1 32768] #short-array [1 -128 127] #float-array [1.0 -2.0 ##Inf]]",
    ],
    [
      "arrays of 64 bits",
      "84 d843 48 0000000000000001 d847 48 0100000000000000 d84b 48 fffffffffffffffe d84f 48 feffffffffffffff",
      "[#long-array [1] #long-array [1] #long-array [-2] #long-array [-2]]",
    ],
    [
      "arrays of more than a long holds",
      "d843 50 ffffffffffffffff 0000000000000001",
      "[18446744073709551615N 1]",
    ],
    [
      "arrays of floats",
      "84 d850 42 3c00 d854 42 003c d851 44 3f800000 d855 44 0000803f",
      "[#float-array [1.0] #float-array [1.0] #float-array [1.0] #float-array [1.0]]",
    ],
    [
      "arrays of doubles",
      "82 d852 48 3ff0000000000000 d856 48 000000000000f03f",
      "[#double-array [1.0] #double-array [1.0]]",
    ],
    [
      "arrays of two elements",
      "82 d84a 48 0000000100000002 d851 48 3f80000040000000",
      "[#int-array [1 2] #float-array [1.0 2.0]]",
    ],
    ["arrays without elements", "82 d843 40 d852 40", "[#long-array [] #double-array []]"],
  ])("%s", (_, bytes, edn) => {
    expect(print(codec.decode(hex(bytes)))).toBe(edn);
  });
});

describe("what this format has no kind for survives", () => {
  test.each([
    ["undefined", "f7", "#cbor/simple 23"],
    [
      "simple values",
      "84 e0 f3 f820 f8ff",
      "[#cbor/simple 0 #cbor/simple 19 #cbor/simple 32 #cbor/simple 255]",
    ],
    ["durations", "d903ea a1 01 05", '#tagged ["cbor/tag" 1002 {1 5}]'],
    ["days", "d903ec 6a 323032352d31322d3137", '#tagged ["cbor/tag" 1004 "2025-12-17"]'],
    ["the mark of the format", "d9d9f7 01", '#tagged ["cbor/tag" 55799 1]'],
    [
      "arrays of several dimensions",
      "d828 82 82 01 02 82 03 04",
      '#tagged ["cbor/tag" 40 [[1 2] [3 4]]]',
    ],
    ["floats of 128 bits", "d853 40", '#tagged ["cbor/tag" 83 #bytes ""]'],
    [
      "tables with absent cells",
      "d99ae1 82 81 6161 81 81 f7",
      '#tagged ["cbor/tag" 39649 [["a"] [[#cbor/simple 23]]]]',
    ],
    ["the largest tag", "dbffffffffffffffff f6", '#tagged ["cbor/tag" 18446744073709551615N nil]'],
    [
      "tags within tags",
      "d903e8 d903e9 d827 623a61",
      '#tagged ["cbor/tag" 1000 #tagged ["cbor/tag" 1001 :a]]',
    ],
    [
      "such things as keys",
      "a2 f7 d903e8 01 e0 02",
      '{#cbor/simple 23 #tagged ["cbor/tag" 1000 1], #cbor/simple 0 2}',
    ],
    [
      "objects of other languages",
      "d81b 82 6e6a6176612f7468726f7761626c65 83 6145 6162 f6",
      '#java/throwable ["E" "b" nil]',
    ],
  ])("as %s", (_, bytes, edn) => {
    const value = codec.decode(hex(bytes));
    expect(print(value)).toBe(edn);
    expect(toHex(codec.encode(value))).toBe(toHex(hex(bytes)));
  });

  test("also where the number is no small one", () => {
    for (const number of [1000n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const value = tagged("cbor/tag", number, "content");
      expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
    }
  });
});

describe("what is not of this format is refused", () => {
  test.each([
    ["bytes after the value", "01 02", 1],
    ["heads that mean nothing", "82 00 1c", 2],
    ["a tag that means nothing", "dc", 0],
    ["an integer without a length", "1f", 0],
    ["a tag without a length", "df 01", 0],
    ["a float that means nothing", "fc", 0],
    ["the end of nothing", "81 ff", 1],
    ["the end of a map before its value", "bf 01 ff", 2],
    ["the end of a tag", "c1 ff", 1],
    ["a simple value in two bytes that has one", "f8 16", 1],
    ["a simple value that is reserved", "f8 1f", 1],
    ["text that is not UTF-8", "81 62c328", 2],
    ["long text that is not UTF-8", `7830${"61".repeat(47)}ff`, 2],
    ["text with a lone surrogate", "63eda080", 1],
    ["a chunk that cuts a character", "7f 61c3 61a9 ff", 4],
    ["a chunk of bytes in text", "7f 4161 ff", 1],
    ["a chunk of text in bytes", "5f 6161 ff", 1],
    ["a chunk of chunks", "7f 7f 6161 ff ff", 1],
    ["a number in chunks", "5f 01 ff", 1],
    ["a key that is twice in a map", "a2 01 02 01 03", 0],
    ["a key that is twice in another form", "81 a2 01 02 c24101 03", 1],
    ["a key that is twice in an open map", "bf 6161 01 6161 02 ff", 0],
    ["an item that is twice in a set", "d90102 82 01 01", 3],
    [
      "an item that is twice in a sorted set",
      "d81b82 72636c6f6a7572652f736f727465642d736574 82 01 01",
      22,
    ],
    ["a set that is no array", "d90102 01", 3],
    ["a set that is a map", "d90102 a0", 3],
    ["an object that is no array", "d81b 6161", 2],
    ["an object without a value", "d81b 81 6161", 2],
    ["an object without a value and a length", "d81b 9f 6161 ff", 5],
    ["an object with two values", "d81b 83 6161 01 02", 2],
    ["an object with two values and no length", "d81b 9f 6161 01 02 ff", 2],
    ["an object whose name is no text", "d81b 82 01 02", 3],
    ["a name that is no text", "d827 01", 2],
    ["a name of bytes", "d827 4161", 2],
    ["a name that is not UTF-8", "d827 62c328", 3],
    ["a character of two units", "d81b82 6c636c6f6a7572652f63686172 626162", 16],
    ["a character without a unit", "d81b82 6c636c6f6a7572652f63686172 60", 16],
    ["a character beyond one unit", "d81b82 6c636c6f6a7572652f63686172 64f09f98a1", 16],
    ["metadata that is no map", "d81b82 71636c6f6a7572652f776974682d6d657461 82 01 80", 21],
    ["metadata without a value", "d81b82 71636c6f6a7572652f776974682d6d657461 81 a0", 21],
    ["a sorted map that is none", "d81b82 72636c6f6a7572652f736f727465642d6d6170 80", 22],
    [
      "an array of booleans with a number",
      "d81b82 726a6176612f626f6f6c65616e2d6172726179 81 01",
      22,
    ],
    ["an array of objects that is none", "d81b82 716a6176612f6f626a6563742d6172726179 01", 21],
    ["a big integer that is no bytes", "c2 01", 1],
    ["a decimal of one part", "c4 81 01", 1],
    ["a decimal of three parts", "c4 83 01 02 03", 1],
    ["a decimal of doubles", "c4 82 01 fb3ff8000000000000", 1],
    ["a decimal beyond 32 bits", "c4 82 3a80000000 01", 1],
    ["a ratio over zero", "d81e 82 01 00", 2],
    ["a URI that is no text", "d820 01", 2],
    ["a regular expression that is no text", "d823 4161", 2],
    ["a UUID without 16 bytes", "d825 4101", 2],
    ["a UUID of text", "d825 70 61616161616161616161616161616161", 2],
    ["an array that ends within an element", "d84e 43010203", 2],
    ["an array of numbers that is no bytes", "d84e 83010203", 2],
    ["an instant that is no text", "c0 01", 1],
    ["an instant without a zone", "c0 73 323032352d31322d31375430393a30363a3235", 1],
    ["an instant without seconds", "c0 71 323032352d31322d31375430393a30365a", 1],
    [
      "an instant with a point and nothing behind it",
      "c0 75 323032352d31322d31375430393a30363a32352e5a",
      1,
    ],
    ["an instant on a day that there is not", "c0 74 323032352d30322d32395430393a30363a32355a", 1],
    ["an instant in the 13th month", "c0 74 323032352d31332d30315430393a30363a32355a", 1],
    ["an instant in the 25th hour", "c0 74 323032352d31322d31375432343a30363a32355a", 1],
    ["an instant in the 61st second", "c0 74 323032352d31322d31375430393a30363a36305a", 1],
    [
      "an instant in a zone that there is not",
      "c0 7819 323032352d31322d31375430393a30363a32352b32343a3030",
      1,
    ],
    ["seconds that are no number", "c1 6131", 1],
    ["seconds that are NaN", "c1 fb7ff8000000000000", 1],
    ["seconds that are too many", "c1 1b000007dba8218001", 1],
    ["seconds that are infinitely many", "c1 f97c00", 1],
  ])("%s", (_, bytes, offset) => {
    const error = failure(hex(bytes));
    expect(error?.code).toBe("CODEC_INVALID");
    expect(error?.details["offset"]).toBe(offset);
  });

  test("names of what this format has no kind for", () => {
    for (const name of ["cbor/tag", "cbor/simple"]) {
      const bytes = hex(`d81b82 ${toHex(codec.encode(name))} 17`);
      expect(failure(bytes)?.details).toEqual({ offset: bytes.length - 1, name });
    }
  });
});

function failure(bytes: Uint8Array) {
  try {
    codec.decode(bytes);
    return undefined;
  } catch (error) {
    if (isSyncError(error)) return error;
    throw error;
  }
}
