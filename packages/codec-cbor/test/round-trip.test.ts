import { cborCodec } from "@datahike-sync/codec-cbor";
import {
  type Edn,
  identity,
  isKind,
  isSyncError,
  type Kind,
  keyword,
  print,
  read,
  snapshot,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { readFixtureText } from "@datahike-sync/fixtures";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const codec = cborCodec();
const LOSSY: readonly Kind[] = ["list", "rawList", "record"];

describe("what is written comes back equal, of the same kinds and in the same order", () => {
  test("random values of the kinds that are not lossy, unless they have no form", () => {
    let refused = 0;
    fc.assert(
      fc.property(ednArbitrary(fc, { without: LOSSY }), (value) => {
        const bytes = encodeOrRefuse(value);
        if (bytes === undefined) {
          refused++;
          return;
        }
        const again = codec.decode(bytes);
        expect(print(again)).toBe(print(value));
        expect(codec.encode(again)).toEqual(bytes);
      }),
      { numRuns: cases(30_000), seed },
    );
    expect(refused).toBeLessThan(cases(30_000) / 2);
  });

  test("random values of all kinds, as far as every format carries them and keys stay two", () => {
    fc.assert(
      fc.property(ednArbitrary(fc, { portable: true }), (value) => {
        const bytes = encodeOrRefuse(value);
        if (bytes === undefined) return;
        // Records are tagged values from then on, which are equal to no record.
        const again = codec.decode(bytes);
        expect(codec.encode(again)).toEqual(bytes);
        expect(print(codec.decode(codec.encode(again)))).toBe(print(again));
      }),
      { numRuns: cases(20_000), seed },
    );
  });

  test.each(["fressian", "pr-str", "transit-json", "transit-msgpack"])(
    "the values of the JVM's frames in %s",
    async (name) => {
      const rows = JSON.parse(await readFixtureText(`frames/${name}.json`)) as { value: string }[];
      for (const { value } of rows.filter((row) => !row.value.includes("#record"))) {
        expect(identityAgain(read(value))).toBe(identity(read(value)));
      }
      expect(rows.length).toBeGreaterThan(100);
    },
  );

  test.each(["small", "branch", "crypto-hash", "small-bf"])(
    "the values of the store %s of Datahike",
    async (store) => {
      const text = await readFixtureText(`stores/datahike-0.8/${store}/values.edn`);
      for (const line of text.trim().split("\n")) {
        const value = valueOf(read(line));
        expect(identityAgain(value)).toBe(identity(value));
      }
    },
  );
});

test("equal values of the same kinds and order are the same bytes", () => {
  fc.assert(
    fc.property(ednArbitrary(fc, { portable: true }), (value) => {
      const [copy, parsed] = [snapshot(value), read(print(value))];
      const bytes = codec.encode(value);
      for (const other of [copy, parsed]) expect(codec.encode(other)).toEqual(bytes);
      expect(cborCodec().encode(value)).toEqual(bytes);
    }),
    { numRuns: cases(20_000), seed },
  );
});

test("every instant of Date comes back", () => {
  const milliseconds = fc.oneof(
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
    fc.integer({ min: -(10 ** 13), max: 10 ** 13 }),
    fc.integer({ min: -(10 ** 4), max: 10 ** 4 }),
  );
  fc.assert(
    fc.property(milliseconds, (time) => {
      expect((codec.decode(codec.encode(new Date(time))) as Date).getTime()).toBe(time);
    }),
    { numRuns: cases(100_000), seed },
  );
});

function identityAgain(value: Edn): string {
  return identity(codec.decode(codec.encode(value)));
}

function encodeOrRefuse(value: Edn): Uint8Array | undefined {
  try {
    return codec.encode(value);
  } catch (error) {
    if (isSyncError(error, "CODEC_UNSUPPORTED")) return undefined;
    throw error;
  }
}

function valueOf(row: Edn): Edn {
  const value = isKind(row, "map") ? row.get(keyword("value")) : undefined;
  if (value === undefined) throw new Error("a row without a value");
  return value;
}
