/** Both ends of lines over real sockets, and what they were told. */
import type { TransportClose } from "@datahike-sync/core";
import {
  type WsDialerOptions,
  type WsTransport,
  wsDialer,
} from "@datahike-sync/transport-ws/client";
import {
  type ListenOptions,
  listen,
  NodeWebSocket,
  type WsServer,
} from "@datahike-sync/transport-ws/server";
import { onTestFinished } from "vitest";

/** A server that is closed when the test is over, and the lines that it has handed out. */
export async function serve(
  options: ListenOptions = {},
): Promise<{ server: WsServer; next: () => Promise<WsTransport> }> {
  const server = await listen(
    options.server === undefined ? { host: "127.0.0.1", ...options } : options,
  );
  onTestFinished(() => server.close());
  const taken: WsTransport[] = [];
  let wake = () => {};
  server.onConnection((transport) => {
    taken.push(transport);
    wake();
  });
  const next = async (): Promise<WsTransport> => {
    for (;;) {
      const transport = taken.shift();
      if (transport !== undefined) return transport;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { server, next };
}

/** Dials once, from Node. */
export function dial(address: string, options: WsDialerOptions = {}): Promise<WsTransport> {
  return wsDialer(address, { WebSocket: NodeWebSocket, ...options })();
}

/** How a line ends. */
export function closeOf(line: WsTransport): Promise<TransportClose> {
  return new Promise((resolve) => {
    line.onClose(resolve);
  });
}

/** The next messages of a line, as text; fewer when it ends before. */
export function texts(line: WsTransport, count: number): Promise<string[]> {
  const found: string[] = [];
  return new Promise((resolve) => {
    const off = line.onMessage((message) => {
      found.push(new TextDecoder().decode(message));
      if (found.length < count) return;
      off();
      resolve(found);
    });
    line.onClose(() => resolve(found));
  });
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** The code of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}
