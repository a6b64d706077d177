import { storeConformance } from "@datahike-sync/conformance/store";
import { type ObjectRow, openStore } from "@datahike-sync/core";
import { MemoryMap, MemoryStore, memoryDriver } from "@datahike-sync/store-memory";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { ednCodec } from "./edn-codec.ts";

const codec = ednCodec();

describe("the memory store", () => {
  storeConformance({
    test,
    open: async ({ now }) => {
      const map = new MemoryMap<ObjectRow>();
      return { open: () => MemoryStore.open({ codec, map, now }) };
    },
    seed,
    runs: cases(3_000),
  });
});

describe("the memory store without a feed", () => {
  storeConformance({
    test,
    capabilities: { feed: false, standings: true },
    open: async ({ now }) => {
      const map = new MemoryMap<ObjectRow>();
      return { open: () => MemoryStore.open({ codec, map, now, feed: false }) };
    },
    seed,
    runs: cases(1_000),
  });
});

describe("a store of bytes on the memory driver", () => {
  storeConformance({
    test,
    open: async ({ now }) => {
      const map = new MemoryMap<Uint8Array>();
      return { open: () => openStore(memoryDriver(map), { codec, now }) };
    },
    seed,
    runs: cases(2_000),
  });
});
