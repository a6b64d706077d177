/** The bytes that stores keep: once written, these are written and read for ever. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { EdnMap, type Kind, kindOf, print, read, tagged } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";

interface Row {
  readonly label: string;
  readonly edn: string;
  readonly hex: string;
}

const KINDS: Readonly<Record<Kind, boolean>> = {
  nil: true,
  boolean: true,
  long: true,
  double: true,
  float: true,
  bigInteger: true,
  ratio: true,
  decimal: true,
  string: true,
  char: true,
  bytes: true,
  keyword: true,
  symbol: true,
  uuid: true,
  uri: true,
  regex: true,
  inst: true,
  vector: true,
  list: true,
  rawList: true,
  map: true,
  set: true,
  numberArray: true,
  record: true,
  tagged: true,
  // Written as its EDN form.
  extension: false,
};

const codec = msgpackCodec();
const rows = JSON.parse(await readFixtureText("wire/codec-msgpack.json")) as readonly Row[];

describe("the bytes of the wire", () => {
  test("are there for every kind", () => {
    const there = new Set<unknown>(rows.map((row) => kindOf(read(row.edn))));
    for (const [kind, isThere] of Object.entries(KINDS))
      expect(there.has(kind), kind).toBe(isThere);
    expect(rows.length).toBe(206);
  });

  test("are what each value is written in", () => {
    for (const row of rows) {
      expect(toHex(codec.encode(read(row.edn))), `${row.label}: ${row.edn}`).toBe(row.hex);
    }
  });

  test("are read as the value, of the same kinds and in the same order", () => {
    for (const row of rows) expect(print(codec.decode(hex(row.hex))), row.label).toBe(row.edn);
  });

  test("are those of a value wherever it stands", () => {
    for (const row of rows) {
      const value = read(row.edn);
      for (const around of [[value, null], new EdnMap([[1, value]]), tagged("t", value)]) {
        expect(print(codec.decode(codec.encode(around))), row.label).toBe(print(around));
      }
    }
  });
});
