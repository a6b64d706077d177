import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

/** More than this is not kept for who is slow. */
const FULL_BYTES = 2 ** 20;

/**
 * Joins each two WebSockets that were dialled at `/relay?pair=<the same name>`: what one says, the
 * other hears, the end included. So both ends of a line can be in a browser.
 */
export class Relay {
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #pairs = new Map<string, WebSocket[]>();

  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { pathname, searchParams } = new URL(request.url ?? "/", "ws://localhost");
    if (pathname !== "/relay") return;
    const name = searchParams.get("pair") ?? "";
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const pair = this.#pairs.get(name) ?? [];
      this.#pairs.set(name, pair);
      pair.push(webSocket);
      webSocket.on("error", () => webSocket.terminate());
      const [one, two] = pair;
      if (one === undefined || two === undefined) return;
      join(one, two);
      join(two, one);
    });
  }

  /** Destroys both sockets of a pair. */
  cut(name: string): void {
    for (const webSocket of this.#pairs.get(name) ?? []) webSocket.terminate();
    this.#pairs.delete(name);
  }

  close(): void {
    for (const name of this.#pairs.keys()) this.cut(name);
  }
}

function join(from: WebSocket, to: WebSocket): void {
  from.on("message", (data, isBinary) => {
    if (to.readyState !== to.OPEN) return;
    to.send(data, { binary: isBinary }, () => {
      if (to.bufferedAmount <= FULL_BYTES) from.resume();
    });
    if (to.bufferedAmount > FULL_BYTES) from.pause();
  });
  from.on("close", (number, reason) => {
    // Whoever is held back has to hear of the end.
    to.resume();
    if (number === 1006) to.terminate();
    else if (number === 1005) to.close();
    else to.close(number, reason);
  });
}
