import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeConformance } from "@datahike-sync/conformance/store";
import { LevelStore } from "@datahike-sync/store-level";
import { MemoryStore } from "@datahike-sync/store-memory";
import { TieredStore } from "@datahike-sync/store-tiered";
import { cases, seed } from "@datahike-sync/testing";
import { ClassicLevel } from "classic-level";
import { describe, test } from "vitest";
import { codec } from "./subjects.ts";

describe.each(["memory", "LevelDB"])("%s before LevelDB", (kind) => {
  storeConformance({
    test,
    capabilities: { shared: false },
    open: async ({ now }) => {
      const folder = await mkdtemp(join(tmpdir(), "store-tiered-"));
      const openLevel = (name: string) =>
        LevelStore.open(new ClassicLevel(join(folder, name)), { codec, now });
      return {
        open: async () => {
          const backend = await openLevel("backend");
          const frontend =
            kind === "memory" ? MemoryStore.open({ feed: false }) : openLevel("frontend");
          return TieredStore.open({ frontend: await frontend, backend });
        },
        dispose: () => rm(folder, { recursive: true }),
      };
    },
    seed,
    runs: cases(300),
  });
});
