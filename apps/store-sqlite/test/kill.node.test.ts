import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cases, seed } from "@datahike-sync/testing";
import { surviveKills } from "@datahike-sync/testing/kill";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openIn, STORE_ID } from "./native-store.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-sqlite-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a process that is killed leaves whole commits, and all that were acknowledged", async () => {
  const kills = cases(500);
  const worker = new URL("./kill-worker.ts", import.meta.url);
  const report = await surviveKills({
    worker,
    folder,
    open: openIn,
    storeId: STORE_ID,
    kills,
    seed,
  });
  expect(report.commits).toBeGreaterThan(3 * kills);
  expect(report.untold).toBeGreaterThan(0);
}, 3_600_000);
