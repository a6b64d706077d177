import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cases, seed } from "@datahike-sync/testing";
import { ClassicLevel } from "classic-level";
import { expect, test } from "vitest";
import { simulateOn } from "./simulate-level.ts";

test("stores on LevelDB come to agree, whatever happens to them", async () => {
  for (let at = 0; at < cases(300); at++) {
    const folder = await mkdtemp(join(tmpdir(), "store-level-"));
    let count = 0;
    const makeDatabase = () => new ClassicLevel(join(folder, String(count++)));
    expect(await simulateOn(seed + at, makeDatabase)).toBeUndefined();
    await rm(folder, { recursive: true });
  }
}, 3_600_000);
