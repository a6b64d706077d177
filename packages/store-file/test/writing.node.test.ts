/** What is particular to writing in konserve's folders; the rest is the suite's. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import * as zlib from "node:zlib";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Edn, keyword, print, ratio } from "@datahike-sync/edn";
import { FileStore, type FileStoreOptions } from "@datahike-sync/store-file";
import { describe, expect, test } from "vitest";
import { NODE_DISK } from "../src/node-disk.ts";
import { RecordFiles } from "../src/record-files.ts";
import { Folder, nameOf } from "./folder.ts";
import { STORE_ID } from "./numbered.ts";
import { TEXT_CODEC } from "./text-codec.ts";

const codec = fressianCodec();

const TEXTS = [
  "",
  " ",
  "0",
  "nil",
  "a",
  ":a",
  "a/b",
  "\0",
  "ÿ",
  "Ā",
  "\uffff",
  "😀",
  "%",
  "..",
  "/",
];
const OTHERS = [null, false, true, 0, 1, -1, keyword("a"), keyword("a/b"), [""], ["a"], [["a"]]];

describe("keys", () => {
  test("of all kinds and characters are kept apart", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    const keys: readonly Edn[] = [...TEXTS, ...OTHERS];
    await store.write(keys.map((key, value) => ({ op: "set", key, value })));
    expect(await store.getMany(keys)).toEqual(keys.map((_, value) => value));
    const listed: string[] = [];
    for await (const { key } of store.keys()) listed.push(print(key));
    expect(listed.sort()).toEqual(keys.map((key) => print(key)).sort());
  });

  test("that differ and have one name are refused, in one commit and in two", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    const [one, other] = [[], [null]] as const;
    const collision = { code: "KEY_COLLISION", details: { file: nameOf(one) } };
    const both = [one, other].map((key) => ({ op: "set", key, value: 1 }) as const);
    await expect(store.write(both)).rejects.toMatchObject(collision);
    expect(await readdir(folder.file("store"))).toEqual([]);
    await store.set(one, 1);
    await expect(store.set(other, 2)).rejects.toMatchObject(collision);
    await expect(store.delete(other)).rejects.toMatchObject(collision);
    await expect(store.update(other, () => 2)).rejects.toMatchObject(collision);
    await store.write([
      { op: "delete", key: one },
      { op: "set", key: other, value: 2 },
    ]);
    expect(await store.get(other)).toBe(2);
  });

  test("that hasch has no hash of are refused, and what came with them", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    const operations = ["a", ratio(1, 2)].map((key) => ({ op: "set", key, value: 1 }) as const);
    await expect(store.write(operations)).rejects.toMatchObject({ code: "CODEC_UNSUPPORTED" });
    expect(await store.has("a")).toBe(false);
  });

  test("a time that no Date has is refused as misuse", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    for (const lastWrite of [8.64e15 + 1, 0.5, Number.NaN]) {
      await expect(store.set("a", 1, { lastWrite })).rejects.toThrow(RangeError);
    }
    await store.set("a", 1, { lastWrite: 8.64e15 });
    await store.set("a", 2);
    expect((await store.getMeta("a"))?.lastWrite).toBe(8.64e15);
  });
});

describe("a folder that others have written, too", () => {
  test("keeps what is not konserve's, and what konserve is about to write", async () => {
    await using folder = await Folder.make();
    const path = folder.file("store");
    await mkdir(path);
    const name = nameOf("a");
    const others = [
      `${name}.new`,
      `${name}.${NONCE}.new`,
      `${name}.backup`,
      `${name}.cas`,
      "notes",
    ];
    for (const other of others) await writeFile(`${path}/${other}`, "x");
    await writeFile(`${path}/${name}`, "");
    const store = await open(folder);
    expect(await store.get("a")).toBeUndefined();
    await store.set("a", 1);
    expect(await store.get("a")).toBe(1);
    expect((await readdir(path)).sort()).toEqual([...others, name].sort());
    await store.destroy();
    expect(await readdir(path)).toEqual(["notes"]);
    await expect(readdir(`${path}.sync`)).rejects.toThrow("ENOENT");
  });

  test("goes with all that is in it, when nothing of it is somebody else's", async () => {
    await using folder = await Folder.make();
    const store = await open(folder);
    await store.set("a", 1);
    await store.destroy();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("that goes away while it is open is missed, and nothing is written elsewhere", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    await rm(folder.file("store"), { recursive: true });
    await expect(store.set("a", 1)).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    await expect(store.keys().next()).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
  });

  test("an entry that cannot be read is not overwritten", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    await store.set("a", 1);
    const file = `${folder.file("store")}/${nameOf("a")}`;
    await writeFile(file, (await readFile(file)).fill(9, 0, 1));
    for (const write of [() => store.set("a", 2), () => store.delete("a")]) {
      await expect(write()).rejects.toMatchObject({ code: "ENTRY_UNREADABLE" });
    }
    await store.set("b", 2);
  });

  test("an entry of another serializer and compressor is replaced by one of this store's", async () => {
    await using folder = await Folder.make();
    await using old = await open(folder, { codec: TEXT_CODEC, compression: "lz4" });
    await old.set("a", [1]);
    await old.set("node", [1], { immutable: true });
    await old.close();
    await using store = await open(folder, { codec: [codec, TEXT_CODEC] });
    const before = await store.getMeta("a");
    await store.update("a", (value) => [value ?? null]);
    expect(await store.get("a", { encoded: true })).toMatchObject({ value: { codec: "fressian" } });
    expect(await store.get("a")).toEqual([[1]]);
    expect((await store.getMeta("a"))?.lastWrite).toBeGreaterThan(before?.lastWrite ?? 0);
    // The same node, in whatever bytes.
    const { cursor } = await store.set("node", [1], { immutable: true });
    expect(cursor).toBeUndefined();
  });
});

describe("a journal", () => {
  test("that names files elsewhere is refused, and nothing is done that it says", async () => {
    await using folder = await Folder.make();
    await (await open(folder)).close();
    const beside = `${folder.file("store")}.sync`;
    await writeFile(folder.file("victim"), "x");
    const journal = new RecordFiles<unknown>(NODE_DISK, `${beside}/journal`);
    await journal.read();
    const none = { nodes: [], cells: [], removed: [], beside: [], removedBeside: [] };
    const changes = { ...none, removed: ["../victim"] };
    const state = { clock: 0, last: 0 };
    await journal.write({ changes, state, isMade: false }, true);
    await expect(open(folder)).rejects.toMatchObject({ code: "ENTRY_UNREADABLE" });
    expect(await readdir(folder.path)).toContain("victim");
    await journal.write({ changes: none, state, isMade: true }, true);
    await (await open(folder)).close();
  });
});

describe("in this process", () => {
  test("nobody sees half a commit", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    let isWriting = true;
    const writing = (async () => {
      for (let value = 0; value < 40; value++) {
        await store.write(["a", "b", "c"].map((key) => ({ op: "set", key, value })));
      }
      isWriting = false;
    })();
    let reads = 0;
    while (isWriting) {
      const values = await store.getMany(["a", "b", "c", "a"]);
      expect(new Set(values).size).toBe(1);
      reads++;
    }
    await writing;
    expect(reads).toBeGreaterThan(20);
  });

  test("there is no feed: changes are misuse, an era is this opener's, compact has nothing to do", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    await store.set("a", 1);
    await store.close();
    await using again = await open(folder);
    await again.set("a", 2);
    await again.compact();
    await expect(again.changes()).rejects.toThrow(TypeError);
    const { eras, last, floor } = await again.feed();
    expect([eras.map(({ after }) => after), last, floor]).toEqual([[1], 2, 2]);
  });
});

describe("options", () => {
  test("without a codec there is nothing to write with", async () => {
    await using folder = await Folder.make();
    await expect(open(folder, { codec: [] })).rejects.toThrow(RangeError);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("zstd is written where this Node has it, and refused when the store is opened where not", async () => {
    await using folder = await Folder.make();
    const text = "text ".repeat(1000);
    const written = async () => {
      await using store = await open(folder, { compression: "zstd" });
      await store.set("a", text);
      const file = await readFile(`${folder.file("store")}/${nameOf("a")}`);
      return [await store.get("a"), file[2], file.length < 300];
    };
    const outcome = await written().catch((error: unknown) => error);
    const refusal = { code: "CODEC_UNSUPPORTED", message: "zstd needs Node 22.15 or later" };
    const isThere = "zstdCompressSync" in zlib;
    expect(outcome).toMatchObject(isThere ? [text, 2, true] : refusal);
  });

  test("with a key nothing in the folder or beside it can be read without it, but binary values", async () => {
    await using folder = await Folder.make();
    const store = await open(folder, { encryptionKey: "s3cr3t", compression: "lz4" });
    const word = "w".repeat(50) + "recognisable";
    await store.stage(STORE_ID).append([new TextEncoder().encode(word)]);
    const now = { tokens: word, position: [word] };
    await store.write([{ op: "set", key: word, value: word }], {
      standing: { storeId: STORE_ID, was: 0, now },
    });
    await store.close();
    for (const path of [folder.file("store"), `${folder.file("store")}.sync`]) {
      for (const name of await readdir(path)) {
        expect((await readFile(`${path}/${name}`)).includes("recognisable"), name).toBe(false);
      }
    }
    await using again = await open(folder, { encryptionKey: "s3cr3t" });
    expect((await again.standing(STORE_ID))?.tokens).toBe(word);
    for await (const record of again.stage(STORE_ID).read()) {
      expect(new TextDecoder().decode(record)).toBe(word);
    }
  });
});

const NONCE = "00000000-0000-4000-8000-000000000000";

function open(folder: Folder, options: Partial<FileStoreOptions> = {}): Promise<FileStore> {
  return FileStore.open({ path: folder.file("store"), codec, ...options });
}
