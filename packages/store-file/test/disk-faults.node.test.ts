/** Disks that fail for a while, and stores that have to go on behind it. */
import { rename, rm } from "node:fs/promises";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { isSyncError } from "@datahike-sync/core";
import type { FileStore, FileStoreOptions } from "@datahike-sync/store-file";
import { describe, expect, test } from "vitest";
import type { Disk } from "../src/disk.ts";
import { NODE_DISK } from "../src/node-disk.ts";
import { Folder, nameOf } from "./folder.ts";
import { ModelStore } from "./model-store.ts";

const codec = fressianCodec();

/** What the disk is asked for that can fail where no file can be opened. */
type Opening = "open" | "list" | "syncFolder" | "stat";

describe("while the process can open no more files", () => {
  test("nothing is said of the entries, nor of the folder: the failure is the system's", async () => {
    await using folder = await Folder.make();
    const faults = new Faults();
    await using store = await faults.open(folder);
    await store.set("a", 1);
    faults.failing = () => true;
    const told: unknown[] = [];
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => store.get("a"),
      () => store.getMeta("a"),
      () => store.getMany(["a", "b"]),
      () => store.set("a", 2),
      () => listed(store),
      () => listed(store, (error) => told.push(error)),
      () => store.close(),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: "EMFILE" });
    }
    expect(told).toEqual([]);
    faults.failing = () => false;
    await store.close();
    await using again = await faults.open(folder);
    expect(await again.get("a")).toBe(1);
  });

  test("a file that it cannot open while it lists them is not told as damaged", async () => {
    await using folder = await Folder.make();
    const faults = new Faults();
    await using store = await faults.open(folder);
    await store.set("a", 1);
    faults.failing = (_, path) => path.endsWith(nameOf("a"));
    await expect(listed(store, () => expect.fail("told"))).rejects.toMatchObject({
      code: "EMFILE",
    });
    faults.failing = () => false;
  });
});

describe("a folder that is made with those above it", () => {
  test("has the names of all of them on disk before anything is written", async () => {
    await using folder = await Folder.make();
    const synced: string[] = [];
    const syncFolder = (path: string) => {
      synced.push(path);
      return NODE_DISK.syncFolder(path);
    };
    const path = folder.file("a/b/store");
    await using _store = await ModelStore.on({ ...NODE_DISK, syncFolder }, { path, codec });
    expect(synced).toEqual(
      expect.arrayContaining([folder.path, folder.file("a"), folder.file("a/b")]),
    );
  });
});

describe("a folder that goes away while it is open", () => {
  test("is STORE_NOT_FOUND to whoever reads it, and not a folder without entries", async () => {
    await using folder = await Folder.make();
    await using store = await new Faults().open(folder);
    await store.set("a", 1);
    await rename(folder.file("store"), folder.file("elsewhere"));
    const missing = { code: "STORE_NOT_FOUND" };
    await expect(store.get("a")).rejects.toMatchObject(missing);
    await expect(store.has("a")).rejects.toMatchObject(missing);
    await expect(store.getMany(["a"])).rejects.toMatchObject(missing);
    await rename(folder.file("elsewhere"), folder.file("store"));
    expect(await store.getMany(["a", "b"])).toEqual([1, undefined]);
    await rm(folder.file("store"), { recursive: true });
    await expect(store.set("a", 2)).rejects.toMatchObject(missing);
  });
});

describe("a commit whose end has failed", () => {
  const shapes = [["of one file", ["a"]] as const, ["of several", ["a", "b", "c"]] as const];

  test.each(shapes)("%s is told when it is made, before the next", async (_name, keys) => {
    await using folder = await Folder.make();
    const faults = new Faults();
    await using store = await faults.open(folder);
    const told: string[] = [];
    store.onCommit(({ cursor, operations }) => {
      told.push(`${cursor.seq}: ${operations.map(({ key }) => key as string).join(" ")}`);
    });
    const commit = keys.map((key) => ({ op: "set", key, value: 1 }) as const);
    faults.failing = (what, path) => what === "syncFolder" && path.endsWith("store");
    await expect(store.write(commit)).rejects.toMatchObject({ code: "EMFILE" });
    faults.failing = () => false;
    // What its caller does then.
    await store.write(commit);
    await store.set("later", 1);
    expect(told).toEqual([`1: ${keys.join(" ")}`, "2: later"]);
    expect((await store.feed()).last).toBe(2);
  });
});

describe("a value that is too long to be read again", () => {
  const maxValueBytes = 2_000;
  const long = { value: new Uint8Array(1_990), type: "binary" } as const;

  test("is not written: its key would be lost, since what cannot be read is not overwritten", async () => {
    await using folder = await Folder.make();
    await using store = await new Faults().open(folder, { maxValueBytes });
    const { value, type } = long;
    await expect(store.set("a", value, { type })).rejects.toSatisfy((error) =>
      isSyncError(error, "CODEC_LIMIT"),
    );
    await expect(store.set("b", "x".repeat(2_000))).rejects.toMatchObject({
      code: "CODEC_LIMIT",
      details: { limit: "maxValueBytes", max: maxValueBytes },
    });
    await expect(
      store.write([
        { op: "set", key: "c", value: 1 },
        { op: "set", key: "a", value, type },
      ]),
    ).rejects.toMatchObject({ code: "CODEC_LIMIT" });
    expect(await listed(store)).toEqual([]);
    await store.set("a", "short");
    expect(await store.get("a")).toBe("short");
  });

  test("compressed, is not written either", async () => {
    await using folder = await Folder.make();
    await using store = await new Faults().open(folder, { maxValueBytes, compression: "lz4" });
    await expect(store.set("a", "x".repeat(5_000))).rejects.toMatchObject({ code: "CODEC_LIMIT" });
    await expect(store.set("x".repeat(5_000), 1)).rejects.toMatchObject({ code: "CODEC_LIMIT" });
    expect(await listed(store)).toEqual([]);
  });
});

/** This machine's disk, some of whose files and folders cannot be opened for a while. */
class Faults {
  failing: (what: Opening, path: string) => boolean = () => false;

  open(folder: Folder, options: Partial<FileStoreOptions> = {}): Promise<FileStore> {
    return ModelStore.on(this.#disk(), { path: folder.file("store"), codec, ...options });
  }

  #disk(): Disk {
    const unless = <T>(what: Opening, path: string, job: () => Promise<T>): Promise<T> => {
      if (!this.failing(what, path)) return job();
      return Promise.reject(Object.assign(new Error("EMFILE: no more files"), { code: "EMFILE" }));
    };
    return {
      ...NODE_DISK,
      open: (path, mode) => unless("open", path, () => NODE_DISK.open(path, mode)),
      list: (path) => unless("list", path, () => NODE_DISK.list(path)),
      stat: (path) => unless("stat", path, () => NODE_DISK.stat(path)),
      syncFolder: (path) => unless("syncFolder", path, () => NODE_DISK.syncFolder(path)),
    };
  }
}

async function listed(store: FileStore, onUnreadable?: (error: Error) => void): Promise<unknown[]> {
  const keys: unknown[] = [];
  for await (const { key } of store.keys({ onUnreadable })) keys.push(key);
  return keys;
}
