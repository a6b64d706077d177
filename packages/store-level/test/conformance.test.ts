import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { storeConformance } from "@datahike-sync/conformance/store";
import { LevelStore } from "@datahike-sync/store-level";
import { cases, seed } from "@datahike-sync/testing";
import { MemoryLevel } from "memory-level";
import { describe, test } from "vitest";

const codec = msgpackCodec();

describe("a store on memory-level", () => {
  storeConformance({
    test,
    open: async ({ now }) => {
      const db = new MemoryLevel();
      return { open: () => LevelStore.open(db, { codec, now }) };
    },
    capabilities: { shared: false },
    seed,
    runs: cases(500),
  });
});
