import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Row {
  readonly system: string;
  readonly workload: string;
  readonly rttMs: number;
  readonly upBytes: number | null;
}

test("every system has a row for each workload, and every replica ends equal", async () => {
  const run = promisify(execFile);
  await run("npx", ["tsc", "-b", "bench"], { cwd: ROOT });
  // Replicas that differ from their primary end it with an error.
  const args = ["bench/dist/main.js", "--tiny", "--json"];
  const { stdout } = await run("node", args, { cwd: ROOT });
  const rows: Row[] = JSON.parse(stdout);
  const named = (system: string, rttMs: number) =>
    rows.filter((row) => row.system === system && row.rttMs === rttMs).map((row) => row.workload);
  const random = [
    "initial",
    "first-key",
    "reconnect-0",
    "reconnect-1",
    "reconnect-10",
    "reconnect-10-deleted",
    "resume",
    "resent",
    "live",
    "burst",
    "fresh-2",
  ];
  const database = ["initial", "first-key", "reconnect-0", "reconnect-1", "live", "fresh-2"];
  const all = [...random, ...database];
  expect(named("ours", 0)).toEqual(all);
  expect(named("floor", 0)).toEqual(all);
  // It never tells of deletes.
  expect(named("original", 0)).toEqual(all.filter((name) => !name.endsWith("-deleted")));
  expect(named("ours", 4)).toEqual(random);
  expect(named("original", 4)).toContain("initial");
  for (const row of rows) {
    expect(Object.keys(row)).toEqual([
      "system",
      "workload",
      "keys",
      "valueBytes",
      "rttMs",
      "ms",
      "upBytes",
      "downBytes",
      "p50Ms",
      "p99Ms",
      "perSecond",
      "cpuMs",
      "peakBytes",
    ]);
  }
  const away = rows.filter(
    ({ system, workload }) => system === "ours" && /^reconnect-[01]$/.test(workload),
  );
  expect(away.every(({ upBytes }) => upBytes !== null && upBytes <= 300)).toBe(true);
});
