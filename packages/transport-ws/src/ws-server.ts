import type { TransportServer } from "@datahike-sync/core";
import type { WsTransport } from "./ws-line.ts";

/** Hands out the lines that others dial. */
export interface WsServer extends TransportServer {
  /** A `ws:` or `wss:` URL. */
  readonly address: string;
  /** As that of a `TransportServer`. While nobody listens, who asks for a line gets HTTP status 503. */
  onConnection(listener: (transport: WsTransport) => void): () => void;
  /**
   * Takes no more lines: who asks for one gets HTTP status 503 with `Retry-After`. Closes those that
   * are open with `RETRY_LATER`, each at a moment of its own, so that not all dial another server at
   * once. Resolves when none is left; `close` then frees the port.
   */
  drain(options?: DrainOptions): Promise<void>;
}

export interface DrainOptions {
  /** Over how long the lines are told, each at a moment by chance, in milliseconds. Default 5,000. */
  readonly overMs?: number | undefined;
}
