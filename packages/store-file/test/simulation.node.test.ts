/** Replicas in folders, in a world in which everything fails. */
import { mkdtemp, readdir, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import {
  CrashDisk,
  campaign,
  explain,
  type Opening,
  type Place,
} from "@datahike-sync/conformance/simulation";
import { createSyncContext, openObjectStore, openStore } from "@datahike-sync/core";
import { FileStore } from "@datahike-sync/store-file";
import { cases, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { ModelDisk } from "./model-disk.ts";
import { ModelStore } from "./model-store.ts";

const SEEDS = cases(300);
const codec = fressianCodec();

test(`${SEEDS} seeds violate nothing, with failures of power and backups`, async () => {
  const primaries = new Disks((random) => new CrashDisk({ random }));
  const replicas = new Disks((random) => new ModelDisk({ random }));
  const of = (place: Place) => (place.isFollowed ? primaries : replicas).of(place);
  let openings = 0;
  const events = await run(SEEDS, {
    crash: (place) => of(place).crash(),
    backup: (place) => of(place).backup(),
    open: async (place) => {
      const now = () => place.now();
      if (place.isFollowed) return openStore(await primaries.of(place).open(), { codec, now });
      const disk = replicas.of(place);
      // Whoever had it open is no more.
      disk.kill();
      openings++;
      return ModelStore.on(disk.open(), { now });
    },
  });
  expect(openings).toBeGreaterThan(SEEDS);
  expect(events.get("action: crash of a follower")).toBeGreaterThan(0);
  // One in twenty runs has one.
  expect(events.get("action: restore") ?? 0).toBeGreaterThanOrEqual(SEEDS >= 300 ? 1 : 0);
}, 600_000);

test("a few seeds violate nothing in real folders", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datahike-sync-"));
  const primaries = new Disks((random) => new CrashDisk({ random }));
  const names = new Map<Place, string>();
  try {
    const events = await run(cases(60), {
      crash: (place) => {
        if (place.isFollowed) primaries.of(place).crash();
      },
      open: async (place) => {
        const now = () => place.now();
        if (place.isFollowed) return openStore(await primaries.of(place).open(), { codec, now });
        const path = names.get(place) ?? join(folder, `${names.size}`);
        if (names.has(place)) await removeLock(path);
        names.set(place, path);
        return FileStore.open({ path, codec, now });
      },
    });
    expect(events.get("event: live")).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 600_000);

/** What each place of each run has. */
class Disks<D> {
  readonly #disks = new WeakMap<Place, D>();
  readonly #make: (random: () => number) => D;

  constructor(make: (random: () => number) => D) {
    this.#make = make;
  }

  of(place: Place): D {
    const disk = this.#disks.get(place) ?? this.#make(() => place.random());
    this.#disks.set(place, disk);
    return disk;
  }
}

/** Resolves to how often what was met. */
async function run(seeds: number, opening: Opening): Promise<ReadonlyMap<string, number>> {
  const options = { engine: { createSyncContext, openObjectStore, openStore }, ...opening };
  const { failures, coverage, runs } = await campaign({ ...options, seeds, from: seed });
  const [failed] = failures;
  if (failed !== undefined) throw new Error(await explain(options, failed));
  expect(runs).toBe(seeds);
  return coverage.counts;
}

/** As an operator does who knows that whoever had it has ended: here it was dropped, in this very process. */
async function removeLock(path: string): Promise<void> {
  for (const name of await readdir(`${path}.sync`)) {
    if (name.startsWith("lock-")) await unlink(join(`${path}.sync`, name));
  }
}
