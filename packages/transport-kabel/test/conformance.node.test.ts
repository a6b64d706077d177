/** That a WebSocket which is told what kabel's is like is still a line. */
import { transportConformance } from "@datahike-sync/conformance/transport";
import { cases, seed } from "@datahike-sync/testing";
import { KABEL_SOCKET } from "@datahike-sync/transport-kabel";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { listen, NodeWebSocket, type WsTransport } from "@datahike-sync/transport-ws/server";
import { describe, test } from "vitest";

describe("a line as kabel opens it", () => {
  transportConformance({
    test,
    seed,
    runs: cases(100),
    timeoutMs: 30_000,
    open: async (limits) => {
      const server = await listen({ host: "127.0.0.1", ...KABEL_SOCKET, ...limits });
      const taken = new Promise<WsTransport>((resolve) => {
        server.onConnection(resolve);
      });
      const dial = wsDialer(server.address, {
        WebSocket: NodeWebSocket,
        ...KABEL_SOCKET,
        ...limits,
      });
      const near = await dial();
      const far = await taken;
      return { ends: [near, far], break: () => far.break(), dispose: () => server.close() };
    },
  });
});
