import { equals, isSyncError, randomUuid, Uuid, uuid } from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

test("text, bytes and words are the same UUID", () => {
  const words = fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer());
  fc.assert(
    fc.property(words, (parts) => {
      const value = new Uuid(...parts);
      const bytes = value.toBytes();
      expect(value.toString()).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
      expect(uuid(value.toString()).words).toEqual(parts);
      expect(uuid(value.toString().toUpperCase()).words).toEqual(parts);
      expect(uuid(bytes).words).toEqual(parts);
      expect(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")).toBe(
        value.toString().replaceAll("-", ""),
      );
    }),
    { numRuns: cases(10_000), seed },
  );
});

test("what is no UUID is refused", () => {
  for (const text of [
    "",
    "1-1-1-1-1",
    "6b008124-09fb-4046-a6a3-dfd0712bf93",
    "6b00812409fb4046a6a3dfd0712bf93e",
    "6b008124-09fb-4046-a6a3-dfd0712bf93g",
  ]) {
    let error: unknown;
    try {
      uuid(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(isSyncError(error, "EDN_SYNTAX"), text).toBe(true);
  }
  expect(() => uuid(new Uint8Array(15))).toThrow(RangeError);
});

test("a part of a larger buffer is read where it begins", () => {
  const buffer = Uint8Array.from({ length: 20 }, (_, i) => i);
  expect(uuid(buffer.subarray(4)).toString()).toBe("04050607-0809-0a0b-0c0d-0e0f10111213");
});

test("random ones are of version 4 and differ", () => {
  expect(randomUuid().toString()[14]).toBe("4");
  expect(equals(randomUuid(), randomUuid())).toBe(false);
});

test("cannot be changed", () => {
  const value = randomUuid();
  expect(() => Object.assign(value.words, [1])).toThrow(TypeError);
  expect(() => Object.assign(value, { words: [] })).toThrow(TypeError);
});
