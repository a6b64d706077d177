import type { Transport, TransportLimits } from "@datahike-sync/core";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import {
  type ListenOptions,
  listen,
  NodeWebSocket,
  type WsTransport,
} from "@datahike-sync/transport-ws/server";

/** A line for a suite: the end that dialled, and the one that was taken. */
export async function openLine(
  limits: Partial<TransportLimits>,
  options: ListenOptions = {},
): Promise<{
  ends: [Transport, Transport];
  break: () => void;
  dispose: () => Promise<void>;
}> {
  const server = await listen({ host: "127.0.0.1", ...limits, ...options });
  const taken = new Promise<WsTransport>((resolve) => {
    server.onConnection(resolve);
  });
  const near = await wsDialer(server.address, { WebSocket: NodeWebSocket, ...limits })();
  const far = await taken;
  return { ends: [near, far], break: () => far.break(), dispose: () => server.close() };
}
