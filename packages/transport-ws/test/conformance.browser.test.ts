import { transportConformance } from "@datahike-sync/conformance/transport";
import { cases, seed } from "@datahike-sync/testing";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { describe, inject, test } from "vitest";

describe("a line between two WebSockets of a browser", () => {
  let count = 0;
  const run = crypto.randomUUID();

  transportConformance({
    test,
    open: async (limits) => {
      const pair = `${run}-${count++}`;
      const dial = wsDialer(`ws://${inject("transportWs")}/relay?pair=${pair}`, limits);
      return {
        ends: await Promise.all([dial(), dial()]),
        break: () => {
          void fetch(`http://${inject("transportWs")}/cut?pair=${pair}`, { mode: "no-cors" });
        },
      };
    },
    seed,
    runs: cases(100),
    timeoutMs: 30_000,
  });
});
