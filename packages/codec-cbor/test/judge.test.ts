/** Another implementation is the judge of what is plain CBOR. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import {
  type Edn,
  EdnMap,
  EdnSet,
  fromJs,
  identity,
  keyword,
  print,
  ratio,
  tagged,
  uuid,
} from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import { decode, encode, Tag } from "cbor2";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const codec = cborCodec();

/** What JSON has, and bytes, which CBOR has besides. */
const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, tie("scalar"), tie("array"), tie("object")),
  array: fc.array(tie("value"), { maxLength: 20 }),
  object: fc.dictionary(
    fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
    tie("value"),
    { maxKeys: 20, noNullPrototype: true },
  ),
  scalar: fc.oneof(
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.double().filter((value) => !Number.isSafeInteger(value) && !Number.isNaN(value)),
    fc.string({ unit: "grapheme", maxLength: 100 }),
    fc.uint8Array({ maxLength: 300 }),
  ),
})).value;

describe("plain data", () => {
  test("is read by others as it was written", () => {
    check((value) => {
      expect(decode(codec.encode(edn(value)))).toEqual(value);
    });
  });

  test("is read as others wrote it, floats of fewer bytes included", () => {
    check((value) => {
      // Equal, since a float is to the double of its value.
      expect(identity(codec.decode(encode(value)))).toBe(identity(edn(value)));
    });
  });

  function check(property: (value: unknown) => void): void {
    fc.assert(fc.property(plain, property), { numRuns: cases(10_000), seed });
  }

  function edn(value: unknown): Edn {
    return fromJs(value, { keys: "string" });
  }
});

test("long integers are those of others", () => {
  for (const value of [2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 53n) - 1n, -(2n ** 63n)]) {
    expect(decode(codec.encode(value))).toBe(value);
    expect(codec.decode(encode(value))).toBe(value);
  }
  for (const value of [2n ** 63n, 2n ** 64n, -(2n ** 63n) - 1n, 2n ** 200n, -(2n ** 200n)]) {
    expect(decode(codec.encode(value))).toBe(value);
    expect(print(codec.decode(encode(value)))).toBe(`${value}N`);
  }
});

test("everything else is under the tags that others know", () => {
  const value: Edn = [
    keyword("a/b"),
    ratio(1, 3),
    uuid("00000000-0000-0000-0000-000000000000"),
    tagged("my/tag", [1]),
    new EdnSet([1, 2]),
    new Date(1_765_985_185_123),
    new EdnMap([[[1], "one"]]),
  ];
  expect(decode(codec.encode(value), { preferMap: true })).toEqual([
    new Tag(39, ":a/b"),
    new Tag(30, [1, 3]),
    new Tag(37, new Uint8Array(16)),
    new Tag(27, ["my/tag", [1]]),
    new Set([1, 2]),
    new Date(1_765_985_185_123),
    new Map([[[1], "one"]]),
  ]);
});
