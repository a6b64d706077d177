import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cases, seed } from "@datahike-sync/testing";
import { ChildProgram, NumberedCommits } from "@datahike-sync/testing/kill";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openIn, STORE_ID } from "./classic-store.ts";
import type { FullReplicaReport } from "./full-disk-replica-worker.ts";
import type { FullDiskReport } from "./full-disk-worker.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-level-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a full disk refuses commits, is read, takes commits again, and has lost none", async () => {
  await using program = await ChildProgram.make(new URL("./full-disk-worker.ts", import.meta.url));
  for (let run = 0; run < cases(20); run++) {
    const at = seed + run;
    const place = join(folder, String(run));
    const report: FullDiskReport = await reportOf(program, place, String(at), "12");
    expect(report.refused, `seed ${at}`).toBeGreaterThan(5);
    expect(report.unreadable, `seed ${at}`).toBeLessThan(report.refused / 2);
    await using store = await openIn(place);
    const numbered = new NumberedCommits(STORE_ID, at);
    expect(await numbered.wrongIn(store, report.commits), `seed ${at}`).toBeUndefined();
  }
}, 3_600_000);

test("a replica on a full disk says so, is read, and goes on when there is room", async () => {
  const module = new URL("./full-disk-replica-worker.ts", import.meta.url);
  await using program = await ChildProgram.make(module);
  const report: FullReplicaReport = await reportOf(program, folder);
  expect(report).toEqual({ code: "QUOTA_EXCEEDED", read: 10, different: 0, entries: 310 });
  await using store = await openIn(folder);
  expect(await store.has("large-299")).toBe(true);
});

/** What a process says before it is killed. */
async function reportOf<Report>(program: ChildProgram, ...args: string[]): Promise<Report> {
  const child = program.start(...args);
  const lines: string[] = [];
  for await (const line of child.lines()) lines.push(line);
  expect(await child.ended, args.join(" ")).toEqual({ signal: "SIGKILL", complaint: "" });
  return JSON.parse(lines.join(""));
}
