import { campaign, explain, type Opening } from "@datahike-sync/conformance/simulation";
import { createSyncContext, openObjectStore, openStore } from "@datahike-sync/core";
import { TieredStore } from "@datahike-sync/store-tiered";
import { cases, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { BACKED_PAIRS } from "./pairs.ts";
import { type Join } from "./subjects.ts";
import { tabsWorld, workersWorld } from "./world.ts";

const engine = { createSyncContext, openObjectStore, openStore };
const seeds = cases(300);

describe.each(BACKED_PAIRS)(
  `${seeds} seeds of $writePolicy and $readPolicy violate nothing`,
  (pair) => {
    const join: Join = (frontend, backend) => TieredStore.open({ ...pair, frontend, backend });

    test("where every process has a frontend of its own", async () => {
      expect(await runsOf(tabsWorld(join))).toBe(seeds);
    }, 3_600_000);

    test("where all share one, and nobody else writes", async () => {
      expect(await runsOf(workersWorld(join))).toBe(seeds);
    }, 3_600_000);
  },
);

async function runsOf(opening: Opening): Promise<number> {
  const options = { engine, ...opening };
  const { failures, runs } = await campaign({ ...options, seeds, from: seed });
  const [failed] = failures;
  if (failed !== undefined) throw new Error(await explain(options, failed));
  return runs;
}
