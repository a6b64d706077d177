/** Stores that the JVM wrote: each file is a header of 20 bytes, metadata and a value. */
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Edn, EdnMap, identity, keyword, read } from "@datahike-sync/edn";
import {
  readFixture,
  readFixtureText,
  readStoreFiles,
  STORES,
  type StoreName,
} from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";
import { datahikeAsPrinted } from "./datahike-as-printed.ts";
import { isSame } from "./same.ts";

const FILES: Readonly<Record<StoreName, number>> = {
  "datahike-0.6/small": 16,
  "datahike-0.6/medium": 1173,
  "datahike-0.6/branch": 68,
  "datahike-0.8/small": 16,
  "datahike-0.8/medium": 1237,
  "datahike-0.8/branch": 68,
  "datahike-0.8/crypto-hash": 71,
  "datahike-0.8/fused": 133,
  "datahike-0.8/small-bf": 1225,
};

const codec = fressianCodec();
const printed = fressianCodec({ handlers: datahikeAsPrinted });

describe("a store of Datahike", () => {
  test.each(STORES)("%s has the keys, metadata and values that Datahike prints", async (store) => {
    const entries = new Map<string, Parts>();
    for (const { bytes } of await readStoreFiles(store)) {
      const { metadata, value } = partsOf(bytes);
      entries.set(identity(get(printed.decode(metadata), "key")), { metadata, value });
    }
    expect(entries.size).toBe(FILES[store]);
    const lines = (await readFixtureText(`stores/${store}/values.edn`)).trim().split("\n");
    expect(lines.length).toBe(entries.size);
    for (const line of lines) {
      const row = read(line);
      const entry = entries.get(identity(get(row, "key")));
      if (entry === undefined) throw new Error(`no file for ${line.slice(0, 100)}`);
      expectEqual(printed.decode(entry.metadata), get(row, "meta"), line.slice(0, 100));
      expectEqual(printed.decode(entry.value), get(row, "value"), line.slice(0, 100));
    }
  });

  test.each(STORES)("%s is written again in the very bytes of the JVM", async (store) => {
    let files = 0;
    for (const { name, bytes } of await readStoreFiles(store)) {
      const { metadata, value } = partsOf(bytes);
      expectSameBytes(codec.encode(codec.decode(metadata)), metadata, name);
      expectSameBytes(codec.encode(codec.decode(value)), value, name);
      files++;
    }
    expect(files).toBe(FILES[store]);
  });
});

describe.each(["2025", "2026"])("a folder of konserve, %s", (year) => {
  test("has the metadata and values that were put in, and is written again the same", async () => {
    const folder = `konserve/${year}/fressian`;
    const [, ...lines] = (await readFixtureText(`${folder}/index.edn`)).trim().split("\n");
    expect(lines.length).toBe(20);
    for (const line of lines) {
      const row = read(line);
      const { metadata, value } = partsOf(await readFixture(`${folder}/store/${nameIn(row)}`));
      expectEqual(codec.decode(metadata), get(row, "meta"), line);
      expectSameBytes(codec.encode(codec.decode(metadata)), metadata, line);
      // Values of this type are the bytes themselves.
      if (get(get(row, "meta"), "type") === keyword("binary")) continue;
      expectEqual(codec.decode(value), get(row, "value"), line);
      expectSameBytes(codec.encode(codec.decode(value)), value, line);
    }
  });
});

interface Parts {
  readonly metadata: Uint8Array;
  readonly value: Uint8Array;
}

function partsOf(file: Uint8Array): Parts {
  const start = 20;
  const end = start + new DataView(file.buffer, file.byteOffset).getUint32(4);
  return { metadata: file.subarray(start, end), value: file.subarray(end) };
}

function get(map: Edn, key: string): Edn {
  const value = map instanceof EdnMap ? map.get(keyword(key)) : undefined;
  if (value === undefined) throw new Error(`no ${key}`);
  return value;
}

function nameIn(row: Edn): string {
  const file = get(row, "file");
  if (typeof file !== "string") throw new Error("not the name of a file");
  return file;
}

function expectEqual(actual: Edn, expected: Edn, name: string): void {
  expect(isSame(actual, expected), name).toBe(true);
}

function expectSameBytes(actual: Uint8Array, expected: Uint8Array, name: string): void {
  const same = actual.length === expected.length && actual.every((byte, i) => byte === expected[i]);
  expect(same, name).toBe(true);
}
