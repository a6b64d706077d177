import { campaign } from "@datahike-sync/conformance/simulation";
import { createSyncContext, openObjectStore, openStore } from "@datahike-sync/core";
import { cases, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { Wires } from "./wires.ts";

/** A fiftieth of them in `npm test`. */
const ALL_RUNS = 5_000;
const RUNS = cases(ALL_RUNS) === ALL_RUNS ? ALL_RUNS : 100;

const engine = { createSyncContext, openObjectStore, openStore };

test("whatever is done and fails, what must hold holds over sockets too", async () => {
  const wires = await Wires.listen();
  const options = { engine, wire: () => wires.open() };
  try {
    const { runs, failures, coverage } = await campaign({
      ...options,
      seeds: RUNS,
      from: seed,
    });
    for (const failure of failures) {
      expect.unreachable(`${failure.seed}: ${failure.violation}\n${failure.trace.join("\n")}`);
    }
    expect(runs).toBe(RUNS);
    expect(coverage.counts.get("wire: cut")).toBeGreaterThan(0);
  } finally {
    await wires.close();
  }
}, 2_000_000);
