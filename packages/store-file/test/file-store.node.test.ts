import { execFileSync } from "node:child_process";
import { mkdir, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Codec, KeyEntry, KeysOptions } from "@datahike-sync/core";
import {
  type Edn,
  type ErrorDetails,
  identity,
  keyword,
  list,
  ratio,
  read,
  tagged,
  uuid,
} from "@datahike-sync/edn";
import { FileStore, type FileStoreOptions } from "@datahike-sync/store-file";
import { describe, expect, test } from "vitest";
import { entryBytes, Folder, headerBytes, LAST_WRITE, nameOf } from "./folder.ts";

const fressian = fressianCodec();
const META = { type: "edn", lastWrite: LAST_WRITE, immutable: false };

describe("opening", () => {
  test("a folder that is not there, and a file in its place, are STORE_NOT_FOUND", async () => {
    await using folder = await Folder.make();
    await writeFile(folder.file("file"), "");
    for (const path of [folder.file("none"), folder.file("file"), folder.file("file/below")]) {
      await expect(FileStore.open({ path, codec: [], readOnly: true })).rejects.toMatchObject({
        code: "STORE_NOT_FOUND",
      });
    }
  });

  test("a codec that konserve has none of is refused as misuse", async () => {
    await using folder = await Folder.make();
    const other = { ...fressian, name: "msgpack" };
    await expect(open(folder, { codec: other })).rejects.toThrow(RangeError);
  });
});

describe("entries", () => {
  test("what is not there is undefined", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    expect(await store.get("none")).toBeUndefined();
    expect(await store.get("none", { encoded: true })).toBeUndefined();
    expect(await store.getMeta("none")).toBeUndefined();
    expect(await store.has("none")).toBe(false);
    expect(await store.getMany(["none", 1])).toEqual([undefined, undefined]);
    expect(await listed(store)).toEqual([]);
  });

  test("nil is a key, and a value that is there", async () => {
    await using folder = await Folder.make();
    await folder.put(null, null);
    await using store = await open(folder);
    expect(await store.get(null)).toBe(null);
    expect(await store.has(null)).toBe(true);
    expect(await listed(store)).toEqual([{ key: null, ...META }]);
  });

  test("immutable and origin are told, other metadata is not", async () => {
    await using folder = await Folder.make();
    const origin = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
    const meta = [
      ["immutable?", true],
      ["datahike-sync/origin", origin],
      ["note", "ours"],
    ] as const;
    await folder.put("node", 1, { meta });
    await using store = await open(folder);
    expect(await store.getMeta("node")).toEqual({ ...META, immutable: true, origin });
  });

  test("metadata longer than the first read is read to its end", async () => {
    await using folder = await Folder.make();
    await folder.put("key", "value", { meta: [["note", "x".repeat(5000)]] });
    await using store = await open(folder);
    expect(await store.getMeta("key")).toEqual(META);
    expect(await store.get("key")).toBe("value");
    expect(await listed(store)).toEqual([{ key: "key", ...META }]);
  });

  test("a binary value is its bytes, in an array of the caller's own", async () => {
    await using folder = await Folder.make();
    const meta = [["type", keyword("binary")]] as const;
    // Compressed files leave binary values as they are.
    await folder.put("bin", null, { meta, valueBytes: Uint8Array.of(1, 2, 3) });
    await using store = await open(folder);
    const bytes = await store.get("bin");
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
    const entry = await store.get("bin", { encoded: true });
    expect(entry).toMatchObject({ ...META, key: "bin", type: "binary" });
    expect(entry?.value.codec).toBe("binary");
    expect(entry?.value.bytes).toEqual(bytes);
    expect(entry?.value.decode()).toEqual(bytes);
  });

  test("an encoded value is decoded when it is asked for, and an error then names the file", async () => {
    await using folder = await Folder.make();
    await folder.put("good", ["a", 1]);
    const file = await folder.put("bad", null, { valueBytes: Uint8Array.of(0xc0) });
    await using store = await open(folder);
    const good = await store.get("good", { encoded: true });
    expect(good?.value.bytes).toEqual(fressian.encode(["a", 1]));
    expect(good?.value.decode()).toEqual(["a", 1]);
    const bad = await store.get("bad", { encoded: true });
    expect(() => bad?.value.decode()).toThrow(
      expect.objectContaining({
        code: "ENTRY_UNREADABLE",
        details: expect.objectContaining({ file }),
      }),
    );
  });

  test("each file is read by the codec that its header names", async () => {
    await using folder = await Folder.make();
    await folder.put("fressian", 1);
    const text = new TextEncoder().encode('{:key "text" :type :edn :last-write #inst "2026"}');
    const header = headerBytes(text.length);
    header[1] = 0;
    await writeFile(folder.file(nameOf("text")), Buffer.concat([header, text, Buffer.from("2")]));
    await using store = await open(folder, { codec: [fressian, ednText()] });
    expect(await store.getMany(["fressian", "text"])).toEqual([1, 2]);
  });

  test("a header of 8 bytes, as konserve 0.6 alpha wrote, is read", async () => {
    await using folder = await Folder.make();
    const bytes = entryBytes("old", "value");
    const short = Buffer.concat([bytes.subarray(0, 8), bytes.subarray(20)]);
    await writeFile(folder.file(nameOf("old")), short);
    await using store = await open(folder);
    expect(await store.get("old")).toBe("value");
    expect(await store.getMeta("old")).toEqual(META);
  });

  test("a length in one byte, as early ClojureScript wrote it, is read", async () => {
    await using folder = await Folder.make();
    const bytes = entryBytes("old", "value");
    bytes.set([bytes[7] ?? 0, 0, 0, 0], 4);
    await writeFile(folder.file(nameOf("old")), bytes);
    await using store = await open(folder);
    expect(await store.get("old")).toBe("value");
  });

  test("a file that a writer has just begun is no entry yet", async () => {
    await using folder = await Folder.make();
    await writeFile(folder.file(nameOf("empty")), "");
    await writeFile(folder.file(nameOf("short")), new Uint8Array(19));
    await using store = await open(folder);
    expect(await store.getMany(["empty", "short"])).toEqual([undefined, undefined]);
    expect(await store.has("short")).toBe(false);
    expect(await listed(store)).toEqual([]);
  });

  test("the log is a key, and its elements are read by theirs and not listed", async () => {
    await using folder = await Folder.make();
    const element = uuid("6b0070c9-9f40-4774-ab38-b3871bd3ed77");
    const meta = [
      ["key", keyword("log")],
      ["type", keyword("append-log")],
    ] as const;
    await folder.put(keyword("log"), [keyword("append-log"), element, element], { meta });
    await folder.put(element, tagged("my/elem", 1), { meta });
    await using store = await open(folder);
    expect(await listed(store)).toEqual([{ key: keyword("log"), ...META }]);
    expect(await store.get(element)).toEqual(tagged("my/elem", 1));
    expect(await store.has(element)).toBe(true);
  });

  test("a key that konserve cannot hash is refused", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    const error = { code: "CODEC_UNSUPPORTED", details: { kind: "ratio" } };
    await expect(store.get(ratio(1, 3))).rejects.toMatchObject(error);
    await expect(store.getMany([1, ratio(1, 3)])).rejects.toMatchObject(error);
    await expect(store.has(ratio(1, 3))).rejects.toMatchObject(error);
  });

  test("keys that share a file name are told apart", async () => {
    await using folder = await Folder.make();
    const file = await folder.put([null], "of [nil]");
    await using store = await open(folder);
    expect(await store.get([null])).toBe("of [nil]");
    const error = { code: "KEY_COLLISION", details: { file } };
    await expect(store.get([])).rejects.toMatchObject(error);
    await expect(store.has([])).rejects.toMatchObject(error);
    await expect(store.getMeta([])).rejects.toMatchObject(error);
  });

  test("a list and a vector are equal and yet, as in konserve, different keys", async () => {
    await using folder = await Folder.make();
    await folder.put([1, 2], "vector");
    await using store = await open(folder);
    expect(await store.get(list(1, 2))).toBeUndefined();
    await folder.put(list(1, 2), "list");
    expect(await store.get(list(1, 2))).toBe("list");
  });
});

describe("other files in the folder", () => {
  test("konserve's temporary files and what is none of konserve's are left out", async () => {
    await using folder = await Folder.make();
    const name = await folder.put("key", 1);
    const bytes = entryBytes("other", 2);
    for (const suffix of [".new", ".backup", ".lock"]) {
      await writeFile(folder.file(name + suffix), bytes);
      await writeFile(folder.file(nameOf("other") + suffix), bytes);
    }
    const foreign = [
      ".nfs0001",
      "notes.txt",
      "x.ksv",
      `copy of ${name}`,
      name.toUpperCase(),
      "ключ",
    ];
    for (const file of foreign) await writeFile(folder.file(file), bytes);
    await mkdir(folder.file("folder.ksv"));
    await using store = await open(folder);
    expect(await listed(store)).toEqual([{ key: "key", ...META }]);
    expect(await store.get("other")).toBeUndefined();
  });

  test("a folder, a pipe and a link to nothing under an entry's name", async () => {
    await using folder = await Folder.make();
    await folder.put("good", 1);
    await mkdir(folder.file(nameOf("folder")));
    execFileSync("mkfifo", [folder.file(nameOf("pipe"))]);
    await symlink(folder.file("nothing"), folder.file(nameOf("dangling")));
    await symlink(nameOf("loop"), folder.file(nameOf("loop")));
    await using store = await open(folder);
    for (const key of ["folder", "pipe", "loop"]) {
      await expect(store.get(key)).rejects.toMatchObject({
        code: "ENTRY_UNREADABLE",
        details: { file: nameOf(key) },
      });
    }
    expect(await store.get("dangling")).toBeUndefined();
    const { keys, unreadable } = await audited(store);
    expect(keys).toEqual(["good"]);
    expect(new Set(unreadable)).toEqual(new Set(["folder", "pipe", "loop"].map(nameOf)));
  });
});

describe("damage", () => {
  test("a file cut at any length is no entry or unreadable, and the rest stays readable", async () => {
    await using folder = await Folder.make();
    const whole = entryBytes("cut", "some text");
    const metaEnd = 20 + (whole[7] ?? 0);
    const file = nameOf("cut");
    await folder.put("rest", 1);
    await using store = await open(folder);
    for (let length = 0; length < whole.length; length++) {
      await writeFile(folder.file(file), whole.subarray(0, length));
      const got = await outcome(store.get("cut"));
      const { keys, unreadable } = await audited(store);
      expect(await store.get("rest")).toBe(1);
      const note = `${length} bytes`;
      expect(got, note).toBe(length < 20 ? "absent" : `ENTRY_UNREADABLE ${file}`);
      expect(keys.includes("cut"), note).toBe(length >= metaEnd);
      expect(unreadable, note).toEqual(length >= 20 && length < metaEnd ? [file] : []);
    }
  });

  test("a changed bit is found, or is in what is only data, and the rest stays readable", async () => {
    await using folder = await Folder.make();
    const whole = entryBytes("cut", "some text");
    const file = nameOf("cut");
    const unreadable = `ENTRY_UNREADABLE ${file}`;
    await folder.put("rest", 1);
    await using store = await open(folder);
    const outcomes: string[] = [];
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Uint8Array.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await writeFile(folder.file(file), changed);
      outcomes.push((await outcome(store.get("cut"))).replace(/^read .*/, "read"));
      const { keys } = await audited(store);
      expect(keys, `bit ${bit}`).toContain("rest");
    }
    expect(new Set(outcomes)).toEqual(new Set(["read", unreadable]));
    // No bit of the header may change unnoticed.
    expect(new Set(outcomes.slice(0, 20 * 8))).toEqual(new Set([unreadable]));
  });

  test("a header that promises more metadata than there is allocates nothing", async () => {
    await using folder = await Folder.make();
    await folder.put("key", 1, { header: headerBytes(0xffff_ffff) });
    await using store = await open(folder);
    const error = { code: "ENTRY_UNREADABLE", cause: { code: "CODEC_TRUNCATED" } };
    await expect(store.get("key")).rejects.toMatchObject(error);
    await expect(store.has("key")).rejects.toMatchObject(error);
  });

  test.each([
    ["of another key", [["key", "other"]], "CODEC_INVALID"],
    ["of a key that has no file name", [["key", ratio(1, 3)]], "CODEC_UNSUPPORTED"],
    ["of no known type", [["type", keyword("other")]], "CODEC_INVALID"],
  ] as const)("metadata %s makes the entry unreadable", async (_name, meta, code) => {
    await using folder = await Folder.make();
    const file = await folder.put("key", 1, { meta });
    await using store = await open(folder);
    const error = { code: "ENTRY_UNREADABLE", details: { file }, cause: { code } };
    await expect(store.get("key")).rejects.toMatchObject(error);
    await expect(store.getMeta("key")).rejects.toMatchObject(error);
    await expect(listed(store)).rejects.toMatchObject(error);
    expect(await audited(store)).toEqual({ keys: [], unreadable: [file] });
  });

  test.each([
    ["a vector", [1]],
    ["a map without key", read("{:type :edn}")],
  ])("metadata that is %s makes the entry unreadable", async (_name, meta) => {
    await using folder = await Folder.make();
    const bytes = fressian.encode(meta);
    const file = Buffer.concat([headerBytes(bytes.length), bytes, fressian.encode(1)]);
    await writeFile(folder.file(nameOf("key")), file);
    await using store = await open(folder);
    await expect(store.get("key")).rejects.toMatchObject({
      code: "ENTRY_UNREADABLE",
      cause: { code: "CODEC_INVALID" },
    });
  });

  test("an error names the file and neither the folder nor the key", async () => {
    await using folder = await Folder.make();
    const file = await folder.put("secret key", 1, { valueBytes: Uint8Array.of(0xc0) });
    await using store = await open(folder);
    const error = await store.get("secret key").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ details: { file } });
    const told = JSON.stringify([String(error), (error as { details: ErrorDetails }).details]);
    expect(told).not.toContain(folder.path);
    expect(told).not.toContain("secret key");
  });
});

describe("limits", () => {
  test("a file longer than maxValueBytes is refused before it is read, and its key is listed", async () => {
    await using folder = await Folder.make();
    const file = await folder.put("long", "x".repeat(2000));
    await folder.put("short", "x");
    await using store = await open(folder, { maxValueBytes: 2000 });
    await expect(store.get("long")).rejects.toMatchObject({
      code: "ENTRY_UNREADABLE",
      details: { file, limit: "maxValueBytes", max: 2000 },
      cause: { code: "CODEC_LIMIT" },
    });
    expect(await store.has("long")).toBe(true);
    expect(await store.get("short")).toBe("x");
    expect(new Set((await audited(store)).keys)).toEqual(new Set(["long", "short"]));
  });

  test("metadata longer than maxValueBytes is refused", async () => {
    await using folder = await Folder.make();
    await folder.put("key", 1, { meta: [["note", "x".repeat(2000)]] });
    await using store = await open(folder, { maxValueBytes: 1000 });
    await expect(store.getMeta("key")).rejects.toMatchObject({
      code: "ENTRY_UNREADABLE",
      details: { limit: "maxValueBytes" },
    });
  });
});

describe("while others write", () => {
  test("a file that is replaced again and again is read as one version or the other", async () => {
    await using folder = await Folder.make();
    const versions = ["a", "b"].map((letter) => letter.repeat(200_000));
    const file = folder.file(await folder.put("key", versions[0] ?? ""));
    await using store = await open(folder);
    let writing = true;
    const writer = (async () => {
      for (let round = 0; writing; round++) {
        await writeFile(`${file}.new`, entryBytes("key", versions[round % 2] ?? ""));
        await rename(`${file}.new`, file);
      }
    })();
    const seen = new Set<Edn | undefined>();
    for (let round = 0; round < 200; round++) seen.add(await store.get("key"));
    writing = false;
    await writer;
    expect([...seen].filter((value) => !versions.includes(value as string))).toEqual([]);
  });

  test("files that go during the listing are left out, the others come once", async () => {
    await using folder = await Folder.make();
    for (let key = 0; key < 100; key++) await folder.put(key, key);
    await using store = await open(folder);
    const seen: Edn[] = [];
    for await (const { key } of store.keys()) {
      seen.push(key);
      if (seen.length > 1) continue;
      for (let gone = 50; gone < 100; gone++) await unlink(folder.file(nameOf(gone)));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(Array.from({ length: 50 }, (_, key) => key)));
    expect(seen.length).toBeLessThan(100);
  });

  test("a folder that goes is STORE_NOT_FOUND to whoever reads it", async () => {
    await using folder = await Folder.make();
    await folder.put("key", 1);
    await using store = await open(folder);
    await rm(folder.path, { recursive: true });
    await expect(store.get("key")).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    await expect(listed(store)).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
  });
});

describe("closing and cancelling", () => {
  test("a closed store refuses everything, however often it is closed", async () => {
    await using folder = await Folder.make();
    await folder.put("key", 1);
    const store = await open(folder);
    await Promise.all([store.close(), store.close()]);
    await store.close();
    for (const call of calls(store)) {
      await expect(call({})).rejects.toMatchObject({ code: "STORE_CLOSED" });
    }
  });

  test("close waits for work under way", async () => {
    await using folder = await Folder.make();
    for (let key = 0; key < 100; key++) await folder.put(key, key);
    const store = await open(folder);
    const reads = Array.from({ length: 100 }, (_, key) => store.get(key));
    await store.close();
    await rm(folder.path, { recursive: true });
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 100 }, (_, key) => key));
  });

  test("an iteration ends with STORE_CLOSED when the store is closed", async () => {
    await using folder = await Folder.make();
    for (let key = 0; key < 40; key++) await folder.put(key, key);
    const store = await open(folder);
    const keys = store.keys();
    expect((await keys.next()).done).toBe(false);
    await store.close();
    await expect(keys.next()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  test("an iteration that is left early leaves nothing behind", async () => {
    await using folder = await Folder.make();
    for (let key = 0; key < 40; key++) await folder.put(key, key);
    // Nobody is told of errors after the reader left.
    for (let key = 0; key < 40; key += 2) await writeFile(folder.file(nameOf(key)), "x".repeat(50));
    const store = await open(folder);
    for await (const _ of store.keys({ onUnreadable: () => undefined })) break;
    await expect(store.close()).resolves.toBeUndefined();
  });

  test("an aborted signal rejects with its reason, before and meanwhile", async () => {
    await using folder = await Folder.make();
    for (let key = 0; key < 40; key++) await folder.put(key, key);
    await using store = await open(folder);
    const reason = new Error("enough");
    for (const call of calls(store)) {
      await expect(call({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const running = call({ signal: controller.signal });
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
    }
    const controller = new AbortController();
    const keys = store.keys({ signal: controller.signal });
    await keys.next();
    controller.abort(reason);
    await expect(keys.next()).rejects.toBe(reason);
    expect(await store.get(1)).toBe(1);
  });
});

function open(folder: Folder, options: Partial<FileStoreOptions> = {}): Promise<FileStore> {
  return FileStore.open({ path: folder.path, codec: fressian, ...options, readOnly: true });
}

/** Every way to read, of which each must end alike. */
function calls(store: FileStore): ((options: KeysOptions) => Promise<unknown>)[] {
  return [
    (options) => store.get(1, options),
    (options) => store.get(1, { ...options, encoded: true }),
    (options) => store.getMany([1, 2], options),
    (options) => store.getMany([], options).then(() => store.get(1, options)),
    (options) => store.getMeta(1, options),
    (options) => store.has(1, options),
    (options) => listed(store, options),
  ];
}

async function listed(store: FileStore, options: KeysOptions = {}): Promise<KeyEntry[]> {
  const entries: KeyEntry[] = [];
  for await (const entry of store.keys(options)) entries.push(entry);
  return entries;
}

async function audited(store: FileStore): Promise<{ keys: Edn[]; unreadable: unknown[] }> {
  const unreadable: unknown[] = [];
  const onUnreadable = (_: Error, { file }: ErrorDetails) => unreadable.push(file);
  const entries = await listed(store, { onUnreadable });
  return { keys: entries.map(({ key }) => key), unreadable };
}

/** `"absent"`, `"read …"`, or the code and the file of the error. */
async function outcome(reading: Promise<Edn | undefined>): Promise<string> {
  try {
    const value = await reading;
    return value === undefined ? "absent" : `read ${identity(value)}`;
  } catch (error) {
    const { code, details } = error as { code: string; details: ErrorDetails };
    return `${code} ${String(details["file"])}`;
  }
}

/** The text of EDN, as konserve's serializer 0 writes it. */
function ednText(): Codec {
  return {
    name: "edn",
    lossy: [],
    encode: () => expect.fail("nothing is written"),
    decode: (bytes) => read(new TextDecoder().decode(bytes)),
  };
}
