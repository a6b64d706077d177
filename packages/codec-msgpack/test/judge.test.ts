/** Data as JSON has it is plain MessagePack: another implementation is the judge. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  bigInteger,
  type Edn,
  EdnMap,
  fromJs,
  keyword,
  list,
  print,
  ratio,
  toJs,
  uuid,
} from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import { decode, ExtData, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "./hex.ts";

const codec = msgpackCodec();

/** What JSON has, and bytes and dates, which MessagePack has besides. */
const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, tie("scalar"), tie("array"), tie("object")),
  array: fc.array(tie("value"), { maxLength: 20 }),
  // The judge refuses this key, which ours has a test for.
  object: fc.dictionary(
    fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
    tie("value"),
    { maxKeys: 20, noNullPrototype: true },
  ),
  scalar: fc.oneof(
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.double().filter((value) => !Number.isSafeInteger(value)),
    fc.string({ unit: "grapheme", maxLength: 100 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.date({ noInvalidDate: true }),
  ),
})).value;

describe("plain data", () => {
  test("is read by others as it was written", () => {
    check((value) => {
      expect(decode(codec.encode(edn(value)))).toEqual(value);
    });
  });

  test("is read as others wrote it", () => {
    check((value) => {
      expect(toJs(codec.decode(encode(value)), { keys: "string" })).toEqual(value);
    });
  });

  test("is the very bytes that others write", () => {
    check((value) => {
      expect(toHex(codec.encode(edn(value)))).toBe(toHex(encode(value)));
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
    expect(decode(codec.encode(value), { useBigInt64: true })).toBe(value);
    expect(codec.decode(encode(value, { useBigInt64: true }))).toBe(value);
  }
  const beyond = codec.decode(encode(2n ** 63n, { useBigInt64: true }));
  expect(print(beyond)).toBe("9223372036854775808N");
});

test("everything else is in the shape of the format, too", () => {
  const value: Edn = [keyword("a"), list(1, "two"), ratio(1, 3), bigInteger(7), uuid(ZERO)];
  expect(decode(codec.encode(value))).toEqual([
    new ExtData(1, Uint8Array.of(0x61)),
    [new ExtData(32, new Uint8Array(0)), 1, "two"],
    [new ExtData(35, new Uint8Array(0)), 1, 3],
    new ExtData(6, Uint8Array.of(7)),
    new ExtData(4, new Uint8Array(16)),
  ]);
  expect(decode(codec.encode(new EdnMap([[1, "a"]])))).toEqual({ 1: "a" });
});

const ZERO = "00000000-0000-0000-0000-000000000000";
