import { cases, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { BACKED_PAIRS } from "./pairs.ts";
import { race } from "./race.ts";

describe.each(BACKED_PAIRS)("$writePolicy and $readPolicy", (pair) => {
  test.each([
    ["while nobody else writes", false, false],
    ["while another opener writes", true, false],
    ["while nobody else writes and both fail", false, true],
    ["while another opener writes and both fail", true, true],
  ] as const)("no answer is older than it may be, %s", async (_, isShared, fails) => {
    let hits = 0;
    for (let number = 0; number < cases(500); number++) {
      const result = await race({ pair, isShared, fails }, new Random(number));
      expect(result.wrong, `seed ${seed}, case ${number}`).toBeUndefined();
      hits += result.hits;
    }
    // Else the backend alone would have been tested.
    expect(hits).toBeGreaterThan(cases(500));
  });
});
