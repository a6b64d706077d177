import { Session } from "node:inspector";
import { identity, keyword, randomUuid, read, symbol } from "@datahike-sync/edn";
import { expect, test } from "vitest";

const CALLS = 200_000;

interface SampledNode {
  readonly selfSize: number;
  readonly children: readonly SampledNode[];
}

/** About how many bytes `work` allocates, garbage included, as V8's sampling profiler sees it. */
function allocatedBy(work: () => void): number {
  const session = new Session();
  session.connect();
  let bytes = Number.NaN;
  session.post("HeapProfiler.startSampling", {
    samplingInterval: 1024,
    includeObjectsCollectedByMinorGC: true,
  });
  work();
  session.post("HeapProfiler.stopSampling", (error, result) => {
    if (error !== null) throw error;
    bytes = sizeOf(result.profile.head);
  });
  session.disconnect();
  return bytes;
}

function sizeOf(node: SampledNode): number {
  return node.children.reduce((sum, child) => sum + sizeOf(child), node.selfSize);
}

test("the identity of a value that caches it allocates nothing after the first call", () => {
  const map = read("{:a 1, :b [1 2]}");
  for (const value of [
    randomUuid(),
    keyword("a/b"),
    symbol("a"),
    map,
    read("(1 2)"),
    read("#a 1"),
  ]) {
    identity(value);
    const bytes = allocatedBy(() => {
      for (let i = 0; i < CALLS; i++) identity(value);
    });
    expect(bytes / CALLS).toBeLessThan(1);
  }
  // What is not cached shows that the measure sees allocations.
  const bytes = allocatedBy(() => {
    for (let i = 0; i < CALLS; i++) identity([i]);
  });
  expect(bytes / CALLS).toBeGreaterThan(16);
});
