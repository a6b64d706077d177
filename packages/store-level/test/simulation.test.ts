import { cases, seed } from "@datahike-sync/testing";
import { MemoryLevel } from "memory-level";
import { expect, test } from "vitest";
import { simulateOn } from "./simulate-level.ts";

test("stores on memory-level come to agree, whatever happens to them", async () => {
  for (let at = 0; at < cases(300); at++) {
    expect(await simulateOn(seed + at, () => new MemoryLevel())).toBeUndefined();
  }
}, 3_600_000);
