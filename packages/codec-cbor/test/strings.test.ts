/** References to strings (tags 25 and 256), which the JVM writes everywhere but on kabel's lines. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import { identity, isSyncError, print } from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatItem, head, type Item, joined, parseItem } from "./cbor-items.ts";
import { hex, toHex } from "./hex.ts";

const codec = cborCodec();

describe("references to strings", () => {
  test("are what they refer to", () => {
    expect(read("d90100 83 63616161 d81900 d81900")).toBe('["aaa" "aaa" "aaa"]');
    expect(read("d90100 84 43010203 63616161 d81900 d81901")).toBe(
      '[#bytes "AQID" "aaa" #bytes "AQID" "aaa"]',
    );
  });

  test("are those of the specification's example", () => {
    const [rank, count, name] = ["4472616e6b", "45636f756e74", "446e616d65"];
    const [cocktail, bath, food] = ["48436f636b7461696c", "4442617468", "44466f6f64"];
    const plain = [
      ["83", "a3", rank, "04", count, "1901a1", name, cocktail],
      ["a3", name, bath, count, "190138", rank, "04"],
      ["a3", name, food, count, "1902b3", rank, "04"],
    ].flat();
    const referring = [
      ["d90100", "83", "a3", rank, "04", count, "1901a1", name, cocktail],
      ["a3", "d81902", bath, "d81901", "190138", "d81900", "04"],
      ["a3", "d81902", food, "d81901", "1902b3", "d81900", "04"],
    ].flat();
    expect(toHex(withReferences(hex(plain.join(""))))).toBe(referring.join(""));
    expect(read(referring.join(""))).toBe(read(plain.join("")));
  });

  test("are found under the tags of names, keywords and UUIDs", () => {
    const bytes = "d90100 84 d827 643a6b6579 d827 d81900 d81b82 6474797065 d81900 d81b82 d81901 f6";
    expect(read(bytes)).toBe('[:key :key #type ":key" #type nil]');
    const uuid = `d90100 82 d825 50${"00".repeat(16)} d825 d81900`;
    const zero = '#uuid "00000000-0000-0000-0000-000000000000"';
    expect(read(uuid)).toBe(`[${zero} ${zero}]`);
  });

  test("count only strings that are longer than a reference to them", () => {
    expect(read("d90100 84 626161 63626262 626363 d81900")).toBe('["aa" "bbb" "cc" "bbb"]');
    const others = Array.from(
      { length: 24 },
      (_, i) => `63${toHex(Uint8Array.of(0x61 + i, 0x61, 0x61))}`,
    );
    const last = read(`d90100 981b ${others.join("")} 637a7a7a 647a7a7a7a d8191818`);
    expect(last.endsWith('"zzz" "zzzz" "zzzz"]')).toBe(true);
  });

  test("begin anew in a namespace within, and go on behind it", () => {
    expect(read("d90100 84 63616161 d90100 82 63626262 d81900 d81900 63636363")).toBe(
      '["aaa" ["bbb" "bbb"] "aaa" "ccc"]',
    );
  });

  test("do not count strings in chunks", () => {
    expect(read("d90100 83 7f63616161ff 63626262 d81900")).toBe('["aaa" "bbb" "bbb"]');
  });

  test("give bytes of their own each time", () => {
    const [first, second] = codec.decode(hex("d90100 82 43010203 d81900")) as [
      Uint8Array,
      Uint8Array,
    ];
    first.fill(0);
    expect(second).toEqual(Uint8Array.of(1, 2, 3));
  });

  test.each([
    ["outside of a namespace", "82 63616161 d81900", 7],
    ["behind the end of a namespace", "82 d90100 63616161 d81900", 10],
    ["before what they refer to", "d90100 82 d81900 63616161", 6],
    ["to a string that is too short to count", "d90100 82 626161 d81900", 9],
    ["that are no place", "d90100 82 63616161 d81920", 10],
    ["to places that no array has", "d90100 82 63616161 d8191bffffffffffffffff", 10],
    ["to bytes where a name is expected", "d90100 82 43010203 d827d81900", 10],
  ])("%s are refused", (_, bytes, offset) => {
    expect(failure(hex(bytes))).toEqual(["CODEC_INVALID", offset]);
  });

  test("stand for the same value as the strings, wherever they are", () => {
    const values = ednArbitrary(fc, { portable: true, maxDepth: 4, maxLength: 8 });
    let references = 0;
    fc.assert(
      fc.property(values, (value) => {
        const bytes = codec.encode([value, value]);
        const referring = withReferences(bytes);
        references += referring.length < bytes.length ? 1 : 0;
        expect(identity(codec.decode(referring))).toBe(identity(codec.decode(bytes)));
      }),
      { numRuns: cases(10_000), seed },
    );
    expect(references).toBeGreaterThan(cases(10_000) / 4);
  });

  test("are found where places need more bytes", () => {
    const strings = Array.from({ length: 70_000 }, (_, i) => `string ${i}`);
    const value = [...strings, ...strings.filter((_, i) => i % 100 === 0)];
    expect(codec.decode(withReferences(codec.encode(value)))).toEqual(value);
  });
});

/** The same value with references, as the specification has a writer make them. */
function withReferences(bytes: Uint8Array): Uint8Array {
  const places = new Map<string, number>();
  const reference = ({ major, argument, string }: Item): Uint8Array | undefined => {
    if (major !== 2 && major !== 3) return undefined;
    const name = `${major}${toHex(string)}`;
    const place = places.get(name);
    if (place !== undefined) return joined([hex("d819"), head(0, place)]);
    if (argument >= shortest(places.size)) places.set(name, places.size);
    return undefined;
  };
  return joined([hex("d90100"), formatItem(parseItem(bytes), reference)]);
}

/** How long a string must be to have this place. */
function shortest(place: number): number {
  if (place < 24) return 3;
  if (place < 256) return 4;
  return place < 65_536 ? 5 : 7;
}

function read(bytes: string): string {
  return print(codec.decode(hex(bytes)));
}

function failure(bytes: Uint8Array): [code: string, offset: unknown] | undefined {
  try {
    codec.decode(bytes);
    return undefined;
  } catch (error) {
    if (isSyncError(error)) return [error.code, error.details["offset"]];
    throw error;
  }
}
