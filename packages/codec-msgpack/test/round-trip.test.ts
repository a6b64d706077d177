import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { type Edn, isKind, keyword, print, read, snapshot } from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { readFixtureText } from "@datahike-sync/fixtures";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const codec = msgpackCodec();

describe("what is written comes back equal, of the same kinds and in the same order", () => {
  test("random values of every kind", () => {
    fc.assert(
      fc.property(ednArbitrary(fc), (value) => {
        const bytes = codec.encode(value);
        const again = codec.decode(bytes);
        expect(print(again)).toBe(print(value));
        expect(codec.encode(again)).toEqual(bytes);
      }),
      { numRuns: cases(50_000), seed },
    );
  });

  test.each(["cbor", "fressian", "pr-str", "transit-json", "transit-msgpack"])(
    "the values of the JVM's frames in %s",
    async (name) => {
      const rows = JSON.parse(await readFixtureText(`frames/${name}.json`)) as { value: string }[];
      for (const { value } of rows) expect(printedAgain(read(value))).toBe(print(read(value)));
      expect(rows.length).toBeGreaterThan(100);
    },
  );

  test.each(["fressian-datahike-values-0.6", "cbor-datahike-values"])(
    "the values of Datahike in %s",
    async (name) => {
      const rows = JSON.parse(await readFixtureText(`frames/${name}.json`)) as { edn: string }[];
      for (const { edn } of rows) expect(printedAgain(read(edn))).toBe(print(read(edn)));
      expect(rows.length).toBeGreaterThan(10);
    },
  );

  test("the values that hasch was asked to hash", async () => {
    const lines = (await readFixtureText("hasch.jsonl")).trim().split("\n");
    for (const line of lines) {
      const value = read((JSON.parse(line) as { edn: string }).edn);
      expect(printedAgain(value)).toBe(print(value));
    }
    expect(lines.length).toBe(78);
  });

  test.each(["small", "branch", "crypto-hash", "small-bf"])(
    "the values of the store %s of Datahike",
    async (store) => {
      const text = await readFixtureText(`stores/datahike-0.8/${store}/values.edn`);
      for (const line of text.trim().split("\n")) {
        const value = valueOf(read(line));
        expect(printedAgain(value)).toBe(print(value));
      }
    },
  );
});

test("equal values of the same kinds and order are the same bytes", () => {
  fc.assert(
    fc.property(ednArbitrary(fc), (value) => {
      const [copy, parsed] = [snapshot(value), read(print(value))];
      const bytes = codec.encode(value);
      for (const other of [copy, parsed]) expect(codec.encode(other)).toEqual(bytes);
      expect(msgpackCodec().encode(value)).toEqual(bytes);
    }),
    { numRuns: cases(20_000), seed },
  );
});

function printedAgain(value: Edn): string {
  return print(codec.decode(codec.encode(value)));
}

function valueOf(row: Edn): Edn {
  const value = isKind(row, "map") ? row.get(keyword("value")) : undefined;
  if (value === undefined) throw new Error("a row without a value");
  return value;
}
