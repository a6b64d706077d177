import {
  campaign,
  explain,
  type SimulationOptions,
  shrink,
  simulate,
} from "@datahike-sync/conformance/simulation";
import { createSyncContext, openStore } from "@datahike-sync/core";
import { cases, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { IDLE_ENGINE } from "./idle-engine.ts";

const ENGINE = { createSyncContext, openStore };
const ALL_SEEDS = 20_000;
const SEEDS = cases(ALL_SEEDS) === ALL_SEEDS ? ALL_SEEDS : 300;

test("the same seed gives the same trace, and another one another", async () => {
  for (let offset = 0; offset < 20; offset++) {
    const options = { seed: seed + offset, engine: ENGINE };
    const { trace } = await simulate(options);
    expect((await simulate(options)).trace).toEqual(trace);
    expect((await simulate({ ...options, seed: seed + 100 + offset })).trace).not.toEqual(trace);
  }
});

test(`${SEEDS} seeds violate nothing, and meet everything often enough`, async () => {
  const result = await campaign({ engine: ENGINE, seeds: SEEDS, from: seed });
  const [failed] = result.failures;
  if (failed !== undefined) throw new Error(await explain({ engine: ENGINE }, failed));
  expect(result.lacking).toEqual([]);
  expect(result.runs).toBe(SEEDS);
}, 3_600_000);

test("an engine that does nothing does not come to agree", async () => {
  const { failures, lacking } = await campaign({
    engine: IDLE_ENGINE,
    seeds: 20,
    from: seed,
    failures: 20,
  });
  expect(failures.length).toBeGreaterThan(15);
  expect(failures[0]?.violation).toMatch(/no agreement in peace/);
  expect(lacking).toEqual([]);
});

test("a failing seed is shrunk, and what is left fails again", async () => {
  const options: SimulationOptions = { seed, engine: IDLE_ENGINE };
  const failed = await simulate(options);
  const { keep, salt, result } = await shrink(options, failed);
  expect(keep.length).toBeLessThanOrEqual(2);
  expect(result.trace.length).toBeLessThan(failed.trace.length);
  const again = await simulate({ ...options, keep, salt });
  expect(again.trace).toEqual(result.trace);
  expect(again.violation).toBe(result.violation);
});
