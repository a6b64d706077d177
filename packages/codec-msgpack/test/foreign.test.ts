/** Bytes that this codec does not write, and others may. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { bigInteger, isSyncError, print, tagged } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";

const codec = msgpackCodec();

describe("other forms of the same are read", () => {
  test.each([
    [
      "integers that are longer than need be",
      "95 cc 01 cd 00 01 ce 00 00 00 01 d0 01 d1 ff ff",
      "[1 1 1 1 -1]",
    ],
    [
      "integers of eight bytes",
      "92 cf 00 00 00 00 00 00 00 01 d3 ff ff ff ff ff ff ff ff",
      "[1 -1]",
    ],
    ["positive integers with a sign", "d3 7f ff ff ff ff ff ff ff", "9223372036854775807"],
    ["integers beyond 63 bits", "cf 80 00 00 00 00 00 00 00", "9223372036854775808N"],
    ["the largest integer", "cf ff ff ff ff ff ff ff ff", "18446744073709551615N"],
    ["strings with long lengths", "93 d9 01 61 da 00 01 61 db 00 00 00 01 61", '["a" "a" "a"]'],
    [
      "bytes with long lengths",
      "92 c5 00 01 07 c6 00 00 00 01 07",
      '[#bytes "Bw==" #bytes "Bw=="]',
    ],
    ["arrays with long lengths", "dc 00 02 dd 00 00 00 01 01 91 01", "[[1] [1]]"],
    ["maps with long lengths", "de 00 01 01 df 00 00 00 01 01 02", "{1 {1 2}}"],
    ["extensions with long lengths", "92 c7 01 01 61 c9 00 00 00 01 02 00", "[:a :a]"],
    ["heads with long lengths", "94 c8 00 00 20 01 02 03", "(1 2 3)"],
    [
      "places with long lengths",
      "94 d4 01 61 d4 02 00 d5 02 00 00 d6 02 00 00 00 00",
      "[:a :a :a :a]",
    ],
    ["a keyword that is written out twice", "93 d4 01 61 d4 01 61 d4 02 01", "[:a :a :a]"],
    ["a string that needs no extension", "d4 05 61", '"a"'],
    ["an integer that needs fewer bytes", "d5 06 00 01", "1N"],
    ["a ratio that is not in lowest terms", "93 c7 00 23 02 06", "1/3"],
    ["a ratio that is none", "93 c7 00 23 06 d4 06 02", "3"],
    [
      "nanoseconds, without what is below a millisecond",
      "d7 ff 00 3d 08 fc 00 00 00 00",
      '#inst "1970-01-01T00:00:00.000-00:00"',
    ],
    [
      "nanoseconds in eight bytes",
      "d7 ff 00 3d 09 00 00 00 00 01",
      '#inst "1970-01-01T00:00:01.001-00:00"',
    ],
    [
      "nanoseconds in twelve bytes",
      "c7 0c ff 00 0f 42 40 00 00 00 00 00 00 00 01",
      '#inst "1970-01-01T00:00:01.001-00:00"',
    ],
    ["a key that is twice in a map", "83 01 02 03 04 01 05", "{1 5, 3 4}"],
    ["an item that is twice in a set", "94 c7 00 22 01 02 01", "#{1 2}"],
  ])("%s", (_, bytes, edn) => {
    expect(print(codec.decode(hex(bytes)))).toBe(edn);
  });
});

test("integers beyond 63 bits are big integers wherever they stand", () => {
  expect(codec.decode(hex("cf 80 00 00 00 00 00 00 00"))).toEqual(bigInteger(2n ** 63n));
  expect(print(codec.decode(hex("93 c7 00 23 cf 80 00 00 00 00 00 00 00 03")))).toBe(
    "9223372036854775808/3",
  );
});

describe("extensions of types that are not this format's survive", () => {
  test.each([
    ["d4 00 01", '#tagged ["msgpack/extension" 0 #bytes "AQ=="]'],
    ["c7 00 80", '#tagged ["msgpack/extension" -128 #bytes ""]'],
    ["92 d4 2a 01 02", '[#tagged ["msgpack/extension" 42 #bytes "AQ=="] 2]'],
    [
      "81 d4 63 01 d4 63 02",
      '{#tagged ["msgpack/extension" 99 #bytes "AQ=="] #tagged ["msgpack/extension" 99 #bytes "Ag=="]}',
    ],
  ])("as %s", (bytes, edn) => {
    const value = codec.decode(hex(bytes));
    expect(print(value)).toBe(edn);
    expect(toHex(codec.encode(value))).toBe(toHex(hex(bytes)));
  });
});

test("a tagged value is an extension only of a type that this format does not use", () => {
  for (let type = -129; type <= 128; type++) {
    const value = tagged("msgpack/extension", type, hex("01 02 03"));
    const bytes = codec.encode(value);
    expect(print(codec.decode(bytes))).toBe(print(value));
    expect(bytes.length, `${type}`).toBe(OURS.has(type) ? 26 + codec.encode(type).length : 6);
  }
  const same = tagged("msgpack/extension", 99n, hex("01"));
  expect(toHex(codec.encode(same))).toBe("d46301");
  for (const fields of [
    [99],
    [99, "01"],
    [99, hex("01"), 1],
    [1.5, hex("01")],
    [null, hex("01")],
  ]) {
    const value = tagged("msgpack/extension", ...fields);
    expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
  }
});

describe("what is not of this format is refused", () => {
  test.each([
    ["the byte that means nothing", "91 c1", 1],
    ["bytes after the value", "01 02", 1],
    ["a string that is not UTF-8", "91 a2 c0 80", 2],
    ["a long string that is not UTF-8", `d9 30 ${"61 ".repeat(47)}ff`, 2],
    ["a string with a lone surrogate", "a3 ed a0 bd", 1],
    ["a head outside of an array", "c7 00 20", 0],
    ["a head behind the first item", "92 01 c7 00 20", 2],
    ["a head as a key", "81 c7 00 22 01", 1],
    ["a list's head with a payload", "91 d4 20 01", 3],
    ["a place of a keyword that was not there", "92 d4 01 61 d4 02 01", 6],
    ["a place of a keyword that comes later", "92 d4 02 00 d4 01 61", 3],
    ["a place of a tag that was not there", "91 d4 27 00", 3],
    ["a place of a record that was a tag", "92 91 d4 26 74 92 d4 29 00 80", 8],
    ["a place of another length", "92 d4 01 61 c7 03 02 00 00 00", 7],
    ["a place without bytes", "92 d4 01 61 c7 00 02", 7],
    ["a name of three parts", "c7 05 01 61 ff 62 ff 63", 5],
    ["a UUID without 16 bytes", "d7 04 00 00 00 00 00 00 00 00", 2],
    ["a character of one byte", "d4 07 61", 2],
    ["an integer without bytes", "c7 00 06", 3],
    ["an invalid instant with a payload", "d4 0a 00", 2],
    ["text with a broken surrogate", "c7 03 05 ed a0 20", 3],
    ["text with half a surrogate", "c7 02 08 ed a0", 3],
    ["an array that ends within an element", "c7 03 11 00 00 00", 3],
    ["a boolean that is neither", "d5 15 01 02", 3],
    ["a timestamp of another length", "d4 ff 00", 2],
    ["a second in nanoseconds", "d7 ff ee 6b 28 00 00 00 00 00", 2],
    ["an instant beyond those of Date", "c7 0c ff 00 00 00 00 00 00 07 db a8 21 80 01", 3],
    ["an instant beyond all numbers", "c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff", 3],
    ["a ratio over zero", "93 c7 00 23 01 00", 1],
    ["a ratio of one part", "92 c7 00 23 01", 1],
    ["a ratio of three parts", "94 c7 00 23 01 02 03", 1],
    ["a ratio of doubles", "93 c7 00 23 01 cb 40 00 00 00 00 00 00 00", 1],
    ["a decimal without a scale", "92 c7 00 24 01", 1],
    ["a decimal with a scale beyond 32 bits", "93 c7 00 24 01 ce 80 00 00 00", 1],
    ["a record without fields", "91 d4 28 45", 1],
    ["a record whose fields are no map", "92 d4 28 45 90", 1],
    ["a record with two maps", "93 d4 28 45 80 80", 1],
  ])("%s", (_, bytes, offset) => {
    const error = failure(hex(bytes));
    expect(error?.code).toBe("CODEC_INVALID");
    expect(error?.details["offset"]).toBe(offset);
  });
});

/** Types in the table of this format, and two that are none of an extension. */
const OURS: ReadonlySet<number> = new Set([
  -129,
  -1,
  128,
  ...Array.from({ length: 10 }, (_, i) => 1 + i),
  ...Array.from({ length: 6 }, (_, i) => 16 + i),
  ...Array.from({ length: 10 }, (_, i) => 32 + i),
]);

function failure(bytes: Uint8Array) {
  try {
    codec.decode(bytes);
    return undefined;
  } catch (error) {
    if (isSyncError(error)) return error;
    throw error;
  }
}
