import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeConformance } from "@datahike-sync/conformance/store";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { openIn } from "./native-store.ts";

describe("a store on a SQLite file", () => {
  storeConformance({
    test,
    open: async ({ now }) => {
      const folder = await mkdtemp(join(tmpdir(), "store-sqlite-"));
      return {
        open: () => openIn(folder, now),
        dispose: () => rm(folder, { recursive: true }),
      };
    },
    capabilities: { shared: false },
    seed,
    runs: cases(300),
  });
});
