import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seed } from "@datahike-sync/testing";
import { ChildProgram, type KillReport, surviveKills } from "@datahike-sync/testing/kill";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "./journal-store.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "testing-kill-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a store that keeps whole commits survives", async () => {
  const { commits } = await killed("whole", 10);
  expect(commits).toBeGreaterThan(0);
});

test("a commit that is there in part is seen", async () => {
  await expect(killed("in-parts", 50)).rejects.toThrow(/after \d+ commits \S+ is/);
});

test("a commit that is there in part is allowed where the store says so", async () => {
  expect((await killed("in-parts-and-says-so", 10)).commits).toBeGreaterThan(0);
});

test("an acknowledged commit that is not there is seen", async () => {
  await expect(killed("too-early", 50)).rejects.toThrow(/commits are left of \d+ acknowledged/);
});

test("a process that ends by itself is told, with what it complained of", async () => {
  await using program = await ChildProgram.make(new URL("./journal-worker.ts", import.meta.url));
  const child = program.start("/dev/null/no-folder");
  expect(await child.ended).toMatchObject({
    signal: null,
    complaint: expect.stringContaining("ENOTDIR"),
  });
});

function killed(kind: string, kills: number): Promise<KillReport> {
  return surviveKills({
    worker: new URL("./journal-worker.ts", import.meta.url),
    folder: join(folder, kind),
    open: openJournal,
    storeId: undefined,
    kills,
    seed,
  });
}
