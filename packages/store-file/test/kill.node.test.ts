/** Processes that are killed while they write. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cases, seed } from "@datahike-sync/testing";
import { surviveKills } from "@datahike-sync/testing/kill";
import { expect, test } from "vitest";
import { openNumbered, STORE_ID } from "./numbered.ts";

test("of a process that is killed nothing acknowledged is lost, and no commit is there in part", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datahike-sync-"));
  try {
    const kills = cases(500);
    const worker = new URL("./kill-worker.ts", import.meta.url);
    const open = openNumbered;
    const report = await surviveKills({ worker, folder, open, storeId: STORE_ID, kills, seed });
    expect(report.commits).toBeGreaterThan(kills * 2);
    expect(report.untold).toBeGreaterThan(0);
    const left = await readdir(join(folder, "store.sync"));
    expect(left.filter((name) => /^(new|claim)-/.test(name))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 600_000);
