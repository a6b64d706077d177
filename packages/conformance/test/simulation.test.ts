import {
  campaign,
  explain,
  type Place,
  type SimulationOptions,
  shrink,
  simulate,
} from "@datahike-sync/conformance/simulation";
import {
  createSyncContext,
  openObjectStore,
  openStore,
  TRANSPORT_LIMITS,
} from "@datahike-sync/core";
import { cases, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { MemoryDisk } from "../src/simulation/memory-disk.ts";
import { TEXT_CODEC } from "../src/simulation/text-codec.ts";
import { IDLE_ENGINE } from "./idle-engine.ts";
import { PlainEnd } from "./plain-line.ts";

const ENGINE = { createSyncContext, openObjectStore, openStore };
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
  expect(failed.actions).toBeGreaterThan(20);
  const again = await simulate({ ...options, keep, salt });
  expect(again.trace).toEqual(result.trace);
  expect(again.violation).toBe(result.violation);
});

test("a store that takes its time and real lines change nothing in a trace", async () => {
  const slowly = async <T>(result: T): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return result;
  };
  const places = new Map<Place, MemoryDisk>();
  const openOn = async (place: Place, scan: <T>(rows: T) => Promise<T>) => {
    const disk = places.get(place) ?? new MemoryDisk();
    places.set(place, disk);
    const driver = disk.open();
    const slow = {
      ...driver,
      get: async (key: string) => scan(await driver.get(key)),
      getMany: async (keys: readonly string[]) => scan(await driver.getMany(keys)),
    };
    return openObjectStore(slow, { codec: TEXT_CODEC, now: () => place.now() });
  };
  const at = async <T>(result: T): Promise<T> => result;
  const fast = await simulate({ seed, engine: ENGINE, open: (place) => openOn(place, at) });
  const slow = await simulate({
    seed,
    engine: ENGINE,
    open: (place) => openOn(place, slowly),
    line: async () => {
      const [near, far] = [new PlainEnd(TRANSPORT_LIMITS), new PlainEnd(TRANSPORT_LIMITS)];
      near.other = far;
      far.other = near;
      return [near, far];
    },
  });
  expect(slow.trace).toEqual(fast.trace);
  expect(fast.trace.length).toBeGreaterThan(50);
});
