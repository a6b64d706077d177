import { type StoreCase, storeConformance } from "@datahike-sync/conformance/store";
import type { ObjectRow, Store } from "@datahike-sync/core";
import { MemoryMap, MemoryStore } from "@datahike-sync/store-memory";
import { TieredStore } from "@datahike-sync/store-tiered";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { BACKED_PAIRS, READ_POLICIES } from "./pairs.ts";
import { codec, diskSubject, memorySubject } from "./subjects.ts";

const runs = cases(300);

const UNMADE = "a write that is accepted has no commit yet, and is not refused yet";

/** What cannot be known of a write before the backend has made it. */
const GAPS_BEHIND: Readonly<Partial<Record<StoreCase, string>>> = {
  "immutable-keys": UNMADE,
  "small-changes": UNMADE,
  destroyed: UNMADE,
  "read-many": UNMADE,
  "concurrent-writes": UNMADE,
  "events-tell": UNMADE,
  origins: UNMADE,
  "any-calls": UNMADE,
  eras: UNMADE,
};

describe.each(BACKED_PAIRS)("$writePolicy and $readPolicy", (pair) => {
  const isBehind = pair.writePolicy === "write-behind";
  const durable = isBehind ? "barrier" : "commit";
  const join = (frontend: Store, backend: Store) =>
    TieredStore.open({ ...pair, frontend, backend });

  describe("before a backend that others open too", () => {
    const gaps = { "openers-together": UNMADE, "openers-see-at-once": UNMADE, ...GAPS_BEHIND };
    storeConformance({
      test,
      capabilities: { durable },
      gaps: isBehind ? gaps : {},
      open: async (world) => memorySubject(world, join),
      seed,
      runs,
    });
  });

  describe("on disks that lose what was not synced", () => {
    let opened = 0;
    storeConformance({
      test,
      capabilities: { durable: "barrier", shared: false },
      crashes: true,
      gaps: isBehind ? { "crash-after-event": UNMADE, ...GAPS_BEHIND } : {},
      open: async (world) => diskSubject(world, join, opened++),
      seed,
      runs,
    });
  });
});

describe.each(READ_POLICIES)("frontend-only writes and %s", (readPolicy) => {
  storeConformance({
    test,
    capabilities: { feed: false },
    open: async ({ now }) => {
      const map = new MemoryMap<ObjectRow>();
      return {
        open: async () =>
          TieredStore.open({
            writePolicy: "frontend-only",
            readPolicy,
            frontend: await MemoryStore.open({ codec, map, now }),
            backend: await MemoryStore.open({ codec }),
          }),
      };
    },
    seed,
    runs,
  });
});
