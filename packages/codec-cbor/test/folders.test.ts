/** Folders of konserve in CBOR: each file is a header of 20 bytes, metadata and a value. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import { type Edn, EdnMap, identity, keyword, read } from "@datahike-sync/edn";
import { readFixture, readFixtureText } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";
import { toHex } from "./hex.ts";
import { withoutMetadata } from "./without-metadata.ts";

const FOLDER = "konserve/2026/boring";

/** What begins values with an index behind them, whose strings have places; these have none twice. */
const NAMESPACE = "d90100";

const codec = cborCodec();
const [, ...lines] = (await readFixtureText(`${FOLDER}/index.edn`)).trim().split("\n");
const rows = lines.map((line) => read(line));
/** Those whose value is not the bytes themselves. */
const valueRows = rows.filter((row) => get(get(row, "meta"), "type") !== keyword("binary"));

describe("a folder of konserve", () => {
  test("has the metadata and values that were put in", async () => {
    expect(rows.length).toBe(20);
    expect(valueRows.length).toBe(19);
    for (const row of rows) {
      const { metadata } = await partsOf(row);
      expect(identity(codec.decode(metadata))).toBe(identity(get(row, "meta")));
    }
    for (const row of valueRows) {
      const { value } = await partsOf(row);
      expect(identity(codec.decode(value))).toBe(identity(get(row, "value")));
    }
  });

  test("is written again in the same bytes, but for metadata of Clojure and indices", async () => {
    for (const row of rows) {
      const { metadata } = await partsOf(row);
      expect(toHex(codec.encode(codec.decode(metadata)))).toBe(toHex(metadata));
    }
    const indexed: Edn[] = [];
    for (const row of valueRows) {
      const { value } = await partsOf(row);
      const written = codec.encode(codec.decode(value));
      expect(identity(codec.decode(written))).toBe(identity(get(row, "value")));
      const end = valueEnd(value);
      if (end > 0) indexed.push(get(row, "key"));
      const [bare, prefix] = [value.subarray(0, end < 0 ? value.length : end), NAMESPACE];
      const plain = toHex(bare).startsWith(prefix) ? bare.subarray(prefix.length / 2) : bare;
      expect(toHex(written)).toBe(toHex(withoutMetadata(plain)));
    }
    expect(indexed).toEqual([keyword("long-str"), keyword("range")]);
  });

  test("has indices that are read over only where they are whole", async () => {
    for (const row of valueRows) {
      const { value } = await partsOf(row);
      const end = valueEnd(value);
      if (end < 0) continue;
      expect(identity(codec.decode(value.subarray(0, end)))).toBe(identity(get(row, "value")));
      for (let cut = end + 1; cut < value.length; cut++) {
        expectInvalid(value.subarray(0, cut), end);
      }
      for (const at of [end, end + 5, value.length - 9, value.length - 1]) {
        const damaged = value.slice();
        damaged[at] = (damaged[at] ?? 0) ^ 1;
        expectInvalid(damaged, end);
      }
    }
  });
});

function expectInvalid(bytes: Uint8Array, offset: number): void {
  expect(() => codec.decode(bytes)).toThrow(
    expect.objectContaining({ code: "CODEC_INVALID", details: { offset } }),
  );
}

/** Where a value ends that has an index behind it: before the tag whose name is that of indices. */
function valueEnd(bytes: Uint8Array): number {
  const at = toHex(bytes).indexOf("d81b826c626f72696e672f696e646578");
  return at < 0 ? -1 : at / 2;
}

async function partsOf(row: Edn): Promise<{ metadata: Uint8Array; value: Uint8Array }> {
  const name = get(row, "file");
  if (typeof name !== "string") throw new Error("not the name of a file");
  const file = await readFixture(`${FOLDER}/store/${name}`);
  const start = 20;
  const end = start + new DataView(file.buffer, file.byteOffset).getUint32(4);
  return { metadata: file.subarray(start, end), value: file.subarray(end) };
}

function get(map: Edn, key: string): Edn {
  const value = map instanceof EdnMap ? map.get(keyword(key)) : undefined;
  if (value === undefined) throw new Error(`no ${key}`);
  return value;
}
