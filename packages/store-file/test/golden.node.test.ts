import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { KeyEntry } from "@datahike-sync/core";
import { type Edn, type EdnMap, identity, keyword, kindOf, readAll } from "@datahike-sync/edn";
import { fixturePath, readFixtureText, STORES, unpackStore } from "@datahike-sync/fixtures";
import { uuid } from "@datahike-sync/hasch";
import { FileStore } from "@datahike-sync/store-file";
import { describe, expect, test } from "vitest";

const codec = fressianCodec();

const FRESSIAN_FOLDERS = [
  ["konserve/2025/fressian", undefined],
  ["konserve/2025/fressian-lz4", undefined],
  ["konserve/2025/fressian-aes", "s3cr3t"],
  ["konserve/2026/fressian", undefined],
  ["konserve/2026/fressian-lz4", undefined],
  ["konserve/2026/fressian-aes", "s3cr3t"],
  ["konserve/2026/fressian-lz4-aes", "s3cr3t"],
  // Konserve knows no such encryptor and wrote these plain: the key is not used.
  ["konserve/2026/fressian-aes-gcm", "s3cr3t"],
] as const;

describe.each(FRESSIAN_FOLDERS)("%s", (folder, encryptionKey) => {
  const open = () =>
    FileStore.open({
      path: fixturePath(`${folder}/store`),
      codec,
      readOnly: true,
      encryptionKey,
    });

  test("every value, metadata and file name is the JVM's", async () => {
    await using store = await open();
    const entries = await readIndex(folder);
    expect(entries.length).toBe(20);
    for (const { key, file, meta, value } of entries) {
      expect(`${uuid(key).toString()}.ksv`).toBe(file);
      expect(await store.getMeta(key), file).toEqual(metaOf(meta));
      const read = await store.get(key);
      expect(told(read), file).toBe(identity(value));
      expect(kindOf(read), file).toBe(kindOf(value));
    }
  });

  test("getMany gives the values in the order asked for, encoded ones with their metadata", async () => {
    await using store = await open();
    const entries = (await readIndex(folder)).reverse();
    const asked = [keyword("missing"), ...entries.map(({ key }) => key)];
    const values = await store.getMany(asked);
    expect(values[0]).toBeUndefined();
    expect(values.slice(1).map((value) => told(value))).toEqual(
      entries.map(({ value }) => identity(value)),
    );
    const kept = await store.getMany(asked, { encoded: true });
    expect(kept.map((entry) => told(entry?.value.decode()))).toEqual(
      values.map((value) => told(value)),
    );
    expect(kept.slice(1).map((entry) => entry?.value.codec)).toEqual(
      entries.map(({ meta }) => (typeOf(meta) === "binary" ? "binary" : "fressian")),
    );
  });

  test("keys gives each key once with its metadata", async () => {
    await using store = await open();
    const entries = await readIndex(folder);
    const expected = entries.map(({ key, meta }) => [identity(key), metaOf(meta)] as const);
    expect(new Map((await listed(store)).map(({ key, ...meta }) => [identity(key), meta]))).toEqual(
      new Map(expected),
    );
    expect(await listed(store)).toHaveLength(20);
  });
});

describe.each(["konserve/2025/fressian-aes", "konserve/2026/fressian-lz4-aes"])("%s", (folder) => {
  test.each([
    ["another key", "S3cr3t", /^CODEC_(INVALID|LIMIT|TRUNCATED)$/],
    ["no key", undefined, /^CODEC_UNSUPPORTED$/],
  ])("with %s no entry can be read", async (_name, encryptionKey, code) => {
    const path = fixturePath(`${folder}/store`);
    await using store = await FileStore.open({ path, codec, readOnly: true, encryptionKey });
    for (const { key, file } of await readIndex(folder)) {
      await expect(store.get(key)).rejects.toMatchObject({
        code: "ENTRY_UNREADABLE",
        details: { file },
        cause: { code: expect.stringMatching(code) },
      });
    }
  });
});

describe.each(["konserve/2026/boring", "konserve/2026/boring-lz4"])("%s", (folder) => {
  test("files whose serializer no codec serves are told one by one", async () => {
    const path = fixturePath(`${folder}/store`);
    await using store = await FileStore.open({ path, codec, readOnly: true });
    const entries = await readIndex(folder);
    for (const { key, file } of entries) {
      await expect(store.get(key)).rejects.toMatchObject({
        code: "ENTRY_UNREADABLE",
        details: { file, serializer: 3 },
        cause: { code: "CODEC_UNSUPPORTED" },
      });
    }
    const told: unknown[] = [];
    for await (const entry of store.keys({ onUnreadable: (_, { file }) => told.push(file) })) {
      expect.fail(`${identity(entry.key)} was read`);
    }
    expect(new Set(told)).toEqual(new Set(entries.map(({ file }) => file)));
    expect(told).toHaveLength(20);
    await expect(listed(store)).rejects.toMatchObject({ code: "ENTRY_UNREADABLE" });
  });
});

describe.each(STORES)("%s", (name) => {
  test("keys are those that the JVM lists, and every value can be read", async () => {
    await using unpacked = await unpackStore(name);
    await using store = await FileStore.open({ path: unpacked.path, codec, readOnly: true });
    const expected = new Map<string, unknown>();
    for (const meta of readAll(await readFixtureText(`stores/${name}/keys.edn`)).flatMap(items)) {
      expected.set(identity(at(meta, "key")), metaOf(meta as EdnMap));
    }
    const keys = await listed(store);
    expect(new Map(keys.map(({ key, ...meta }) => [identity(key), meta]))).toEqual(expected);
    const values = await store.getMany(keys.map(({ key }) => key));
    expect(values).toHaveLength(expected.size);
    expect(values).not.toContain(undefined);
  });
});

interface IndexEntry {
  readonly key: Edn;
  readonly file: string;
  readonly meta: EdnMap;
  readonly value: Edn;
}

async function readIndex(folder: string): Promise<IndexEntry[]> {
  const [, ...entries] = readAll(await readFixtureText(`${folder}/index.edn`));
  return entries.map((entry) => {
    const value = at(entry, "value");
    return {
      key: at(entry, "key"),
      file: at(entry, "file") as string,
      meta: at(entry, "meta") as EdnMap,
      value: value === keyword("rig/binary-0-255-plus-0-43") ? binaryValue() : value,
    };
  });
}

function binaryValue(): Uint8Array {
  return Uint8Array.from({ length: 300 }, (_, i) => i % 256);
}

function at(map: Edn, name: string): Edn {
  const value = (map as EdnMap).get(keyword(name));
  if (value === undefined) throw new Error(`no ${name}`);
  return value;
}

function told(value: Edn | undefined): string {
  return value === undefined ? "absent" : identity(value);
}

function items(value: Edn): readonly Edn[] {
  return kindOf(value) === "map" ? [value] : [...(value as Iterable<Edn>)];
}

function typeOf(meta: EdnMap): string {
  return at(meta, "type") === keyword("binary") ? "binary" : "edn";
}

function metaOf(meta: EdnMap): unknown {
  return {
    type: typeOf(meta),
    lastWrite: (at(meta, "last-write") as Date).getTime(),
    immutable: meta.get(keyword("immutable?")) === true,
  };
}

async function listed(store: FileStore): Promise<KeyEntry[]> {
  const entries: KeyEntry[] = [];
  for await (const entry of store.keys()) entries.push(entry);
  return entries;
}
