/** What is written is what the JVM's konserve writes, byte for byte wherever chance has no part in it. */
import { cp, readdir, readFile } from "node:fs/promises";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Operation } from "@datahike-sync/core";
import { keyword, uuid } from "@datahike-sync/edn";
import { fixturePath, STORES, unpackStore } from "@datahike-sync/fixtures";
import { FileStore, type FileStoreOptions } from "@datahike-sync/store-file";
import { cases } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { decompress } from "../src/compression.ts";
import { decrypt } from "../src/encryption.ts";
import { Folder, nameOf } from "./folder.ts";

const codec = fressianCodec();
const AES = { encryptionKey: "s3cr3t" };
const LZ4 = { compression: "lz4" } as const;

/** Without `exact` something is not the same: salts are random, frames of 2025 have no end mark. */
const FOLDERS: readonly (readonly [string, Partial<FileStoreOptions>, { exact: boolean }])[] = [
  ["2025/fressian", {}, { exact: true }],
  ["2025/fressian-lz4", LZ4, { exact: false }],
  ["2025/fressian-aes", AES, { exact: false }],
  ["2026/fressian", {}, { exact: true }],
  ["2026/fressian-lz4", LZ4, { exact: true }],
  ["2026/fressian-aes", AES, { exact: false }],
  ["2026/fressian-lz4-aes", { ...LZ4, ...AES }, { exact: false }],
  // Written plain by a konserve that knows no such encryptor.
  ["2026/fressian-aes-gcm", {}, { exact: true }],
];

describe.each(FOLDERS)("the folder %s", (folder, options, { exact }) => {
  const golden = fixturePath(`konserve/${folder}/store`);
  const whatCounts = (file: Uint8Array) => (exact ? file : plainParts(file));

  test("is written again the same: headers, metadata, values, names", async () => {
    await using copy = await Folder.make();
    await rewrite(golden, copy.path, options);
    const names = await entriesIn(golden);
    expect(await entriesIn(copy.path)).toEqual(names);
    expect(names.length).toBe(20);
    for (const name of names) {
      const [theirs, ours] = await Promise.all([golden, copy.path].map((at) => bytesOf(at, name)));
      expect(whatCounts(ours ?? NONE), name).toEqual(whatCounts(theirs ?? NONE));
      expect(ours?.subarray(0, 4), name).toEqual(theirs?.subarray(0, 4));
    }
  });

  test("takes changes, and what is not changed keeps its bytes", async () => {
    await using copy = await Folder.make();
    await cp(golden, copy.path, { recursive: true });
    const store = await FileStore.open({ path: copy.path, codec, ...options });
    await store.write([
      { op: "set", key: "new", value: [1, 2], immutable: true },
      { op: "set", key: keyword("a"), value: "other" },
      { op: "delete", key: 42 },
      { op: "set", key: keyword("bin"), value: Uint8Array.of(1, 2), type: "binary" },
    ]);
    await store.update("str", (text) => [text ?? null]);
    await store.close();
    const touched = new Set(["new", keyword("a"), 42, keyword("bin"), "str"].map(nameOf));
    for (const name of await entriesIn(golden)) {
      if (touched.has(name)) continue;
      expect(await bytesOf(copy.path, name), name).toEqual(await bytesOf(golden, name));
    }
    await using again = await FileStore.open({
      path: copy.path,
      codec,
      readOnly: true,
      ...options,
    });
    const keys = ["new", keyword("a"), 42, keyword("bin"), "str"];
    const values = [[1, 2], "other", undefined, Uint8Array.of(1, 2), ["äöü 日本 😀"]];
    expect(await again.getMany(keys)).toEqual(values);
    expect((await entriesIn(copy.path)).length).toBe(20);
  });
});

describe("a database of Datahike", () => {
  const some = cases(STORES.length * 10) === STORES.length ? ["datahike-0.8/small"] : STORES;

  test.each(some as typeof STORES)("%s is written again in the very bytes", async (name) => {
    await using unpacked = await unpackStore(name);
    await using copy = await Folder.make();
    await rewrite(unpacked.path, copy.path, {});
    const names = await entriesIn(unpacked.path);
    expect(await entriesIn(copy.path)).toEqual(names);
    for (const file of names) {
      expect(await bytesOf(copy.path, file), file).toEqual(await bytesOf(unpacked.path, file));
    }
  });
});

test("the origin of an entry is a key of its metadata, before those of konserve", async () => {
  await using folder = await Folder.make();
  const storeId = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
  const store = await FileStore.open({ path: folder.path, codec });
  await store.write([{ op: "set", key: "a", value: 1, lastWrite: 5, immutable: true }], {
    standing: { storeId, was: 0, now: {} },
  });
  await store.close();
  const [meta] = plainParts(await bytesOf(folder.path, nameOf("a")));
  const map = codec.decode(meta ?? NONE);
  expect([...(map as Iterable<[unknown, unknown]>)]).toEqual([
    [keyword("immutable?"), true],
    [keyword("datahike-sync/origin"), storeId],
    [keyword("key"), "a"],
    [keyword("type"), keyword("edn")],
    [keyword("last-write"), new Date(5)],
  ]);
});

const NONE = new Uint8Array(0);

/** Every entry of one folder, its value read and written anew, in one commit to another. */
async function rewrite(from: string, to: string, options: Partial<FileStoreOptions>) {
  await using source = await FileStore.open({ path: from, codec, readOnly: true, ...options });
  await using target = await FileStore.open({ path: to, codec, ...options });
  const operations: Operation[] = [];
  for await (const { key, type, lastWrite, immutable } of source.keys()) {
    const value = (await source.get(key)) ?? null;
    operations.push({ op: "set", key, value, type, lastWrite, immutable });
  }
  await target.write(operations);
}

async function entriesIn(path: string): Promise<string[]> {
  return (await readdir(path)).sort();
}

async function bytesOf(path: string, name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(`${path}/${name}`));
}

/** Metadata and value as they were before they were compressed and encrypted. */
function plainParts(file: Uint8Array): Uint8Array[] {
  const [, , compressor = 0, encryptor = 0] = file;
  const end = 20 + new DataView(file.buffer).getUint32(4);
  const plain = (part: Uint8Array) =>
    decompress(compressor, decrypt(encryptor, part, "s3cr3t"), 1e6);
  const meta = plain(file.subarray(20, end));
  const value = file.subarray(end);
  const isBinary = Buffer.from(meta).includes("binary");
  return [meta, new Uint8Array(isBinary ? value : plain(value))];
}
