import { transportConformance } from "@datahike-sync/conformance/transport";
import type { Transport } from "@datahike-sync/core";
import { cases, seed } from "@datahike-sync/testing";
import { ChannelServer, createChannel } from "@datahike-sync/transport-channel";
import { describe, test } from "vitest";

describe("a channel", () => {
  transportConformance({
    test,
    open: async (limits) => {
      const ends = createChannel(limits);
      return { ends, break: () => ends[0].break() };
    },
    seed,
    runs: cases(2000),
  });
});

describe("a slow channel", () => {
  transportConformance({
    test,
    open: async (limits) => {
      const ends = createChannel({ ...limits, latencyMs: 1, bytesPerSecond: 2 ** 30 });
      return { ends, break: () => ends[0].break() };
    },
    seed,
    runs: cases(100),
  });
});

describe("a channel that was dialled", () => {
  transportConformance({
    test,
    open: async (limits) => {
      const server = new ChannelServer(limits);
      const accepted = new Promise<Transport>((resolve) => server.onConnection(resolve));
      const near = await server.dial();
      return {
        ends: [near, await accepted],
        break: () => near.break(),
        dispose: () => server.close(),
      };
    },
    seed,
    runs: cases(100),
  });
});
