/** What is asked of the store wherever there is an IndexedDB. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { campaign, explain, type Place } from "@datahike-sync/conformance/simulation";
import { storeConformance } from "@datahike-sync/conformance/store";
import { createSyncContext, openObjectStore, openStore, type Store } from "@datahike-sync/core";
import { DexieStore } from "@datahike-sync/store-dexie";
import { cases, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";

const codec = msgpackCodec();

export function conformanceTests(runs: number): void {
  describe("the store in IndexedDB", () => {
    storeConformance({
      test,
      open: async ({ now }) => {
        const name = newName();
        return {
          open: () => DexieStore.open({ name, codec, now }),
          dispose: () => erase(name),
        };
      },
      seed,
      runs: cases(runs),
    });
  });
}

export function simulationTests(): void {
  const seeds = cases(300);
  test(`${seeds} seeds violate nothing`, { timeout: 1_800_000 }, async () => {
    const names = new Map<Place, string>();
    const options = {
      engine: { createSyncContext, openObjectStore, openStore },
      open: (place: Place): Promise<Store> => {
        const name = names.get(place) ?? newName();
        names.set(place, name);
        return DexieStore.open({ name, codec, now: () => place.now() });
      },
    };
    const { failures, runs } = await campaign({ ...options, seeds, from: seed });
    const [failed] = failures;
    if (failed !== undefined) throw new Error(await explain(options, failed));
    expect(runs).toBe(seeds);
    for (const name of names.values()) await erase(name);
  });
}

/** A name that no database has. */
export function newName(): string {
  return `test-${crypto.randomUUID()}`;
}

export function erase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error(`${name} was not erased`));
  });
}
