/** Folders that konserve keeps in CBOR, and a folder in which both formats are mixed. */
import { cp, readdir, readFile } from "node:fs/promises";
import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Operation } from "@datahike-sync/core";
import { type Edn, EdnMap, identity, keyword, list, readAll } from "@datahike-sync/edn";
import { fixturePath, readFixtureText } from "@datahike-sync/fixtures";
import { FileStore } from "@datahike-sync/store-file";
import { describe, expect, test } from "vitest";
import { Folder, nameOf } from "./folder.ts";

const codec = cborCodec();

/** What is behind the header of a file that the JVM wrote with metadata of Clojure, or an index. */
const WITH_MORE = [keyword("long-str"), keyword("range"), [keyword("vec"), "key", 1]].map(nameOf);

describe.each([
  ["konserve/2026/boring", "none"],
  ["konserve/2026/boring-lz4", "lz4"],
] as const)("%s", (folder, compression) => {
  const golden = fixturePath(`${folder}/store`);

  test("has the keys, metadata and values that were put in", async () => {
    await using store = await FileStore.open({ path: golden, codec, readOnly: true });
    const rows = await readIndex(folder);
    expect(rows.length).toBe(20);
    for (const { key, meta, value } of rows) {
      expect(await store.getMeta(key)).toEqual(meta);
      const [read = "absent"] = await store.getMany([key]);
      expect(identity(read)).toBe(identity(value));
    }
    const keys: string[] = [];
    for await (const { key } of store.keys()) keys.push(identity(key));
    expect(keys.sort()).toEqual(rows.map(({ key }) => identity(key)).sort());
  });

  test("is written again in the same bytes, but for metadata of Clojure and indices", async () => {
    await using copy = await Folder.make();
    await using source = await FileStore.open({ path: golden, codec, readOnly: true });
    const target = await FileStore.open({ path: copy.path, codec, compression });
    const operations: Operation[] = [];
    for await (const { key, type, lastWrite, immutable } of source.keys()) {
      const value = (await source.get(key)) ?? null;
      operations.push({ op: "set", key, value, type, lastWrite, immutable });
    }
    await target.write(operations);
    await target.close();
    const names = (await readdir(golden)).sort();
    expect((await readdir(copy.path)).sort()).toEqual(names);
    for (const name of names) {
      const [theirs, ours] = await Promise.all(
        [golden, copy.path].map((path) => readFile(`${path}/${name}`)),
      );
      const end = WITH_MORE.includes(name) ? metadataEnd(theirs) : undefined;
      expect(ours?.subarray(0, end), name).toEqual(theirs?.subarray(0, end));
    }
  });

  test("takes changes of ours, which are read again", async () => {
    await using copy = await Folder.make();
    await cp(golden, copy.path, { recursive: true });
    const value = new EdnMap([[keyword("datoms"), [list(1), 1.5, new Date(0)]]]);
    const store = await FileStore.open({ path: copy.path, codec, compression });
    await store.write([
      { op: "set", key: "new", value },
      { op: "delete", key: 42 },
      { op: "set", key: keyword("bin"), value: Uint8Array.of(1, 2), type: "binary" },
    ]);
    await store.close();
    await using again = await FileStore.open({ path: copy.path, codec, readOnly: true });
    const values = await again.getMany(["new", 42, keyword("bin"), "str"]);
    expect(identity(values[0] ?? null)).toBe(identity(value));
    expect(values.slice(1)).toEqual([undefined, Uint8Array.of(1, 2), "äöü 日本 😀"]);
  });
});

test("a folder in Fressian can go on in CBOR, entry by entry", async () => {
  await using copy = await Folder.make();
  await cp(fixturePath("konserve/2026/fressian/store"), copy.path, { recursive: true });
  const store = await FileStore.open({ path: copy.path, codec: [codec, fressianCodec()] });
  await store.update("str", (text) => [text ?? null]);
  expect(await store.get("str")).toEqual(["äöü 日本 😀"]);
  expect(await store.get(42)).toBe(keyword("kw/x"));
  await store.close();
  const serializers = await Promise.all(
    ["str", 42].map(async (key) => (await readFile(copy.file(nameOf(key))))[1]),
  );
  expect(serializers).toEqual([3, 1]);
});

interface Row {
  readonly key: Edn;
  readonly meta: unknown;
  readonly value: Edn;
}

async function readIndex(folder: string): Promise<Row[]> {
  const [, ...rows] = readAll(await readFixtureText(`${folder}/index.edn`));
  return rows.map((row) => {
    const meta = at(row, "meta");
    const isBinary = at(meta, "type") === keyword("binary");
    return {
      key: at(row, "key"),
      meta: {
        type: isBinary ? "binary" : "edn",
        lastWrite: (at(meta, "last-write") as Date).getTime(),
        immutable: false,
      },
      // The index names the bytes: 0 to 255, and 0 to 43 again.
      value: isBinary ? Uint8Array.from({ length: 300 }, (_, i) => i % 256) : at(row, "value"),
    };
  });
}

function at(map: Edn, name: string): Edn {
  const value = map instanceof EdnMap ? map.get(keyword(name)) : undefined;
  if (value === undefined) throw new Error(`no ${name}`);
  return value;
}

function metadataEnd(file: Uint8Array | undefined): number {
  const { buffer, byteOffset } = file ?? new Uint8Array(8);
  return 20 + new DataView(buffer, byteOffset).getUint32(4);
}
