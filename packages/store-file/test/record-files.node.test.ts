import { open, readFile } from "node:fs/promises";
import { cases, Random } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { NODE_DISK } from "../src/node-disk.ts";
import { RecordFiles } from "../src/record-files.ts";
import { Folder } from "./folder.ts";
import { ModelDisk } from "./model-disk.ts";

/** Longer than a sector, so that it can be torn. */
type Record = readonly string[];

test("a crash leaves the last record that was synced, or one after it, and never none", async () => {
  let torn = 0;
  for (let number = 0; number < cases(5_000); number++) {
    const random = new Random(number);
    const disk = new ModelDisk({ random: () => random.next() });
    await disk.open().makeFolder("/");
    const written: Record[] = [];
    let synced = 0;
    for (let round = 0; round < 4; round++) {
      const records = new RecordFiles<Record>(disk.open(), "/records");
      const found = await records.read();
      await disk.open().syncFolder("/");
      const at = found === undefined ? 0 : written.findIndex(([id]) => id === found[0]) + 1;
      expect(at, `case ${number}`).toBeGreaterThanOrEqual(synced);
      expect(found).toEqual(written[at - 1]);
      if (at < written.length) torn++;
      // What was told is on disk, and what came after it is not told again.
      synced = at;
      written.length = at;
      const write = async () => {
        for (let count = random.below(4); count > 0; count--) {
          const record = [`${written.length}.${round}`, "x".repeat(random.below(2_000))];
          const isSynced = random.below(2) === 0;
          written.push(record);
          await records.write(record, isSynced);
          if (isSynced) synced = written.length;
        }
      };
      disk.failAt = random.below(2) === 0 ? disk.operations + random.below(12) : Infinity;
      await Promise.race([disk.whenFailed(), write()]);
      disk.failAt = Infinity;
      if (random.below(2) === 0) disk.crash();
      else disk.kill();
    }
  }
  expect(torn).toBeGreaterThan(cases(500));
});

test("the end of a process leaves the last record, synced or not", async () => {
  const disk = new ModelDisk({ random: () => 0 });
  await disk.open().makeFolder("/");
  for (let number = 1; number < 20; number++) {
    const records = new RecordFiles<number>(disk.open(), "/records");
    await records.read();
    for (let count = number % 4; count > 0; count--) await records.write(-number, false);
    await records.write(number, number % 3 === 0);
    disk.kill();
    expect(await new RecordFiles<number>(disk.open(), "/records").read()).toBe(number);
  }
});

test("a record that was withdrawn is not found, and the one before it is", async () => {
  const disk = new ModelDisk({ random: () => 0.9 });
  await disk.open().makeFolder("/");
  const records = new RecordFiles<number>(disk.open(), "/records");
  await records.read();
  await disk.open().syncFolder("/");
  await records.write(1, true);
  await records.write(2, false);
  expect(await records.withdraw()).toBe(true);
  disk.crash();
  expect(await new RecordFiles<number>(disk.open(), "/records").read()).toBe(1);
});

test("a record that a crash has torn is not made whole by parts of a later one", async () => {
  await using folder = await Folder.make();
  const path = folder.file("records");
  const records = () => new RecordFiles<string>(NODE_DISK, path);
  const first = records();
  await first.read();
  await first.write("x".repeat(2_000), true);
  const bytes = await readFile(`${path}-0`);
  const put = async (part: Uint8Array) => {
    const file = await open(`${path}-0`, "r+");
    await file.write(part, 0, part.length, 512);
    await file.close();
  };
  await put(new Uint8Array(512));
  expect(await records().read()).toBeUndefined();
  // A later record is torn in turn, and what has come to the disk of it is the same.
  await put(bytes.subarray(512));
  expect(await records().read()).toBeUndefined();
});
