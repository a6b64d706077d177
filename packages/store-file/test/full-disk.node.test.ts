/** Disks without room. */
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Operation } from "@datahike-sync/core";
import { FileStore } from "@datahike-sync/store-file";
import { ChildProgram } from "@datahike-sync/testing/kill";
import { describe, expect, test } from "vitest";
import { Folder } from "./folder.ts";
import { ModelDisk } from "./model-disk.ts";
import { ModelStore } from "./model-store.ts";
import { STORE_ID } from "./numbered.ts";

const COMMIT: readonly Operation[] = [
  { op: "set", key: "a", value: "y".repeat(300) },
  { op: "set", key: "b", value: "y".repeat(300), immutable: true },
  { op: "delete", key: "c" },
];

describe("on a full disk", () => {
  test("a commit fails with QUOTA_EXCEEDED as a whole, reads go on, and so do writes with room", async () => {
    const outcomes = new Set<string>();
    for (let roomBytes = 0; roomBytes < 2_200; roomBytes += 20) {
      const disk = new ModelDisk({ random: () => 0 });
      const store = await ModelStore.on(disk.open());
      await store.write([
        { op: "set", key: "a", value: "x" },
        { op: "set", key: "c", value: "x" },
      ]);
      disk.roomBytes = roomBytes;
      const standing = { storeId: STORE_ID, was: 0, now: { doomed: "z".repeat(300) } };
      const outcome = await store
        .write(COMMIT)
        .then(() => store.write([], { standing }))
        .then(() => "written", codeOf);
      outcomes.add(outcome);
      const isThere = await store.has("b");
      const values = await store.getMany(["a", "c"]);
      const due = isThere ? ["y".repeat(300), undefined] : ["x", "x"];
      expect(values, `${roomBytes} bytes`).toEqual(due);
      expect((await store.standing(STORE_ID)) === undefined).toBe(outcome !== "written");
      disk.roomBytes = Number.POSITIVE_INFINITY;
      await store.set("other", 1);
      expect(await store.getMany(["a", "c"]), `${roomBytes} bytes`).toEqual(due);
      await store.write(COMMIT);
      expect(await store.getMany(["a", "b", "c"])).toEqual([
        ...Array(2).fill("y".repeat(300)),
        undefined,
      ]);
      await store.close();
      const left = [...disk.files("/store.sync").keys()].filter((name) => name.startsWith("new-"));
      expect(left).toEqual([]);
    }
    expect(outcomes).toEqual(new Set(["written", "QUOTA_EXCEEDED"]));
  });

  test("records are put behind others together or not at all", async () => {
    const disk = new ModelDisk({ random: () => 0 });
    const store = await ModelStore.on(disk.open());
    const stage = store.stage(STORE_ID);
    await stage.append([Uint8Array.of(1)]);
    disk.roomBytes = 20;
    await expect(stage.append([Uint8Array.of(2), new Uint8Array(50)])).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
    });
    disk.roomBytes = Number.POSITIVE_INFINITY;
    await stage.append([Uint8Array.of(3)]);
    const records: number[] = [];
    for await (const [byte] of stage.read()) records.push(byte ?? -1);
    expect(records).toEqual([1, 3]);
  });

  test("where the system limits files, it is the same code, and the rest goes on", async () => {
    await using folder = await Folder.make();
    await using program = await ChildProgram.make(new URL("./limited-worker.ts", import.meta.url));
    const child = program.start(folder.file("store"));
    const lines: string[] = [];
    for await (const line of child.lines()) lines.push(line);
    expect((await child.ended).complaint).toBe("");
    expect(lines).toEqual([
      "small written",
      "large QUOTA_EXCEEDED EFBIG",
      "small read",
      "other written",
    ]);
    await using store = await FileStore.open({
      path: folder.file("store"),
      codec: fressianCodec(),
    });
    expect(await store.getMany(["small", "large", "other", "more"])).toEqual([
      1,
      undefined,
      2,
      undefined,
    ]);
  });
});

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
