import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { storeConformance } from "@datahike-sync/conformance/store";
import { LevelStore } from "@datahike-sync/store-level";
import { cases, seed } from "@datahike-sync/testing";
import { ClassicLevel } from "classic-level";
import { describe, test } from "vitest";

const codec = msgpackCodec();

describe("a store on classic-level", () => {
  storeConformance({
    test,
    open: async ({ now }) => {
      const folder = await mkdtemp(join(tmpdir(), "store-level-"));
      return {
        open: () => LevelStore.open(new ClassicLevel(folder), { codec, now }),
        dispose: () => rm(folder, { recursive: true }),
      };
    },
    capabilities: { shared: false },
    seed,
    runs: cases(300),
  });
});
