/** One writer at a time. */
import { mkdir, readdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { isSyncError } from "@datahike-sync/core";
import { FileStore } from "@datahike-sync/store-file";
import { ChildProgram } from "@datahike-sync/testing/kill";
import { describe, expect, test } from "vitest";
import type { Disk } from "../src/disk.ts";
import { Lock } from "../src/lock.ts";
import { NODE_DISK } from "../src/node-disk.ts";
import { type ProcessIdentity, thisProcess } from "../src/process-identity.ts";
import { Folder } from "./folder.ts";
import { STORE_ID } from "./numbered.ts";
import { ROOT } from "./tree.ts";

const codec = fressianCodec();

describe("a second opener", () => {
  test("in another process is refused while the first lives, and not when it was killed", async () => {
    await using folder = await Folder.make();
    await using program = await ChildProgram.make(new URL("./tree-worker.ts", import.meta.url));
    const child = program.start(folder.file("store"));
    const lines = child.lines()[Symbol.asyncIterator]();
    await lines.next();
    await expect(open(folder)).rejects.toMatchObject({
      code: "STORE_LOCKED",
      details: { pid: expect.any(Number), host: (await thisProcess()).host },
    });
    await using reader = await open(folder, { readOnly: true });
    expect(await reader.has(ROOT)).toBe(true);
    child.kill();
    // To their end: a process whose output nobody takes has not ended.
    for await (const _ of { [Symbol.asyncIterator]: () => lines });
    await child.ended;
    await using store = await open(folder);
    await store.set("mine", 1);
  });

  test("is refused by a reader, which neither locks nor writes", async () => {
    await using folder = await Folder.make();
    await (await open(folder)).close();
    const before = await readdir(`${folder.file("store")}.sync`);
    await using one = await open(folder, { readOnly: true });
    await using store = await open(folder);
    await store.set("a", 1);
    expect(await one.get("a")).toBe(1);
    expect(before).toEqual(["free-1", "journal-0", "journal-1"]);
    for (const write of [
      () => one.set("a", 2),
      () => one.delete("a"),
      () => one.update("a", () => 2),
      () => one.write([]),
      () => one.destroy(),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
    }
    expect(() => one.stage(STORE_ID)).toThrow("opened for reading");
  });

  test("of many at once is refused but for one, again and again, whoever had it before", async () => {
    await using folder = await Folder.make();
    await leave(folder, { ...(await thisProcess()), pid: 2 ** 22 });
    for (let round = 0; round < 20; round++) {
      const opened = await Promise.allSettled(Array.from({ length: 12 }, () => open(folder)));
      const stores = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const refused = opened.filter(
        (one) => one.status === "rejected" && isSyncError(one.reason, "STORE_LOCKED"),
      );
      expect([stores.length, refused.length]).toEqual([1, 11]);
      await stores[0]?.set("round", round);
      await stores[0]?.close();
    }
    const names = await readdir(`${folder.file("store")}.sync`);
    expect(names.sort()).toEqual(["free-21", "journal-0", "journal-1"]);
  });
});

describe("the lock of a process", () => {
  const ended: [string, (self: ProcessIdentity) => Partial<ProcessIdentity>][] = [
    ["whose number nobody has", () => ({ pid: 2 ** 22 })],
    ["whose number somebody has who began later", () => ({ start: "1" })],
    ["that ran before the machine was started again", () => ({ boot: "another" })],
  ];

  test.each(ended)("%s is no hindrance", async (_name, other) => {
    await using folder = await Folder.make();
    const self = await thisProcess();
    await leave(folder, { ...self, ...other(self) });
    await using store = await open(folder);
    expect(await store.set("a", 1)).toHaveProperty("cursor");
  });

  const unknown: [string, Partial<ProcessIdentity>][] = [
    ["of another machine", { host: "elsewhere", boot: "another" }],
    ["of another container", { namespace: "pid:[1]", pid: 2 ** 22 }],
  ];

  test.each(unknown)("%s counts, since nobody knows whether it lives", async (_name, other) => {
    await using folder = await Folder.make();
    await leave(folder, { ...(await thisProcess()), ...other });
    await expect(open(folder)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await unlink(join(`${folder.file("store")}.sync`, "lock-1"));
    await (await open(folder)).close();
  });

  test.each(["", "{", "null", "free"])("that is damaged, %j, is no hindrance", async (text) => {
    await using folder = await Folder.make();
    await leave(folder, text);
    await using store = await open(folder);
    expect(await store.set("a", 1)).toHaveProperty("cursor");
  });

  test("that one makes who is late is not the last, and is given up", async () => {
    await using folder = await Folder.make();
    const beside = `${folder.file("store")}.sync`;
    await mkdir(beside);
    const late = slowDisk();
    const taking = Lock.take(late.disk, beside);
    // He has seen that nobody has it; meanwhile somebody has had it, and somebody else has it.
    await late.waits;
    await (await Lock.take(NODE_DISK, beside)).release();
    const other = await Lock.take(NODE_DISK, beside);
    late.goOn();
    await expect(taking).rejects.toMatchObject({ code: "STORE_LOCKED" });
    expect(await other.isHeld()).toBe(true);
    expect(await readdir(beside)).toEqual(["lock-2"]);
  });

  test("that was removed by hand is missed at its next commit, and never given back", async () => {
    await using folder = await Folder.make();
    await using store = await open(folder);
    await store.set("a", 1);
    await unlink(join(`${folder.file("store")}.sync`, "lock-1"));
    await using other = await open(folder);
    await expect(store.set("a", 2)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await expect(store.destroy()).rejects.toMatchObject({ code: "STORE_LOCKED" });
    expect(await other.get("a")).toBe(1);
    await other.set("a", 3);
  });

  test("is the same by whatever way one comes to the folder", async () => {
    await using folder = await Folder.make();
    await using _store = await open(folder);
    await symlink(folder.file("store"), folder.file("link"));
    for (const path of [folder.file("link"), `${folder.file("store")}/`]) {
      await expect(FileStore.open({ path, codec })).rejects.toMatchObject({ code: "STORE_LOCKED" });
    }
  });

  test("leaves with the process: what somebody left who was killed while he opened it goes", async () => {
    await using folder = await Folder.make();
    const beside = `${folder.file("store")}.sync`;
    const self = await thisProcess();
    await leave(folder, { ...self, start: "1" });
    await writeFile(join(beside, "claim-dead"), JSON.stringify({ ...self, start: "1" }));
    await writeFile(join(beside, "claim-alive"), JSON.stringify(self));
    await writeFile(join(beside, "new-7"), "half");
    await (await open(folder)).close();
    const left = (await readdir(beside)).filter((name) => !name.startsWith("journal-"));
    expect(left.sort()).toEqual(["claim-alive", "free-2"]);
  });
});

function open(folder: Folder, options = {}): Promise<FileStore> {
  return FileStore.open({ path: folder.file("store"), codec, ...options });
}

/** As if somebody had opened the store and ended. */
async function leave(folder: Folder, owner: ProcessIdentity | string): Promise<void> {
  const beside = `${folder.file("store")}.sync`;
  await mkdir(beside);
  const text = typeof owner === "string" ? owner : JSON.stringify({ ...owner, id: "his" });
  await writeFile(join(beside, "lock-1"), text);
}

/** A disk that takes its time before it links for the first time. */
function slowDisk(): { readonly disk: Disk; readonly waits: Promise<void>; goOn(): void } {
  let wait: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const waits = new Promise<void>((resolve) => {
    wait = resolve;
  });
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const link: Disk["link"] = async (from, to) => {
    wait();
    await mayGoOn;
    await NODE_DISK.link(from, to);
  };
  return { disk: { ...NODE_DISK, link }, waits, goOn: () => goOn() };
}
