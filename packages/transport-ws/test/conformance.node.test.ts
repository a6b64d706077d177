import { transportConformance } from "@datahike-sync/conformance/transport";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { openLine } from "./open-line.ts";

describe("a line between ws and ws", () => {
  transportConformance({ test, open: openLine, seed, runs: cases(500), timeoutMs: 30_000 });
});

describe("a line that is deflated", () => {
  transportConformance({
    test,
    open: (limits) => openLine(limits, { deflate: true }),
    seed,
    runs: cases(100),
  });
});
