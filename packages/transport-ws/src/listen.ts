import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Server as SecureServer } from "node:https";
import { TRANSPORT_LIMITS, type TransportLimits } from "@datahike-sync/core";
import type { Origins } from "./admission.ts";
import { attach, type HttpServer } from "./attach.ts";
import type { Authenticate } from "./authentication.ts";
import { LineServer, type LineServerOptions } from "./line-server.ts";
import { DEFAULT_PROTOCOLS } from "./protocols.ts";
import type { TextAs } from "./ws-line.ts";
import type { WsServer } from "./ws-server.ts";

export interface ListenOptions extends Partial<TransportLimits> {
  /** Of a server of its own. Default 0: any that is free; `WsServer.address` tells. */
  readonly port?: number | undefined;
  /** Where a server of its own can be reached. Default: at every address of the machine. */
  readonly host?: string | undefined;
  /** A server of yours, to be attached to in place of one of its own. Closing leaves it as it is. */
  readonly server?: HttpServer | undefined;
  /** The only path at which lines are taken, without a query. Default: every path. */
  readonly path?: string | undefined;
  /**
   * Subprotocols, the best first. Default: that of our own wire with msgpack. With none whoever asks for a
   * line gets one, and no subprotocol is chosen, whatever is offered.
   */
  readonly protocols?: readonly string[] | undefined;
  /**
   * Makes messages of text frames, on lines that did not begin with a token. Default: a text frame is a
   * violation of the protocol.
   */
  readonly textAs?: TextAs | undefined;
  /** Whose pages may have lines. Default: those of the host that was asked. `"*"`: everybody's. */
  readonly origins?: Origins | undefined;
  /** Default: nobody is asked who they are, and nobody has a principal. */
  readonly authenticate?: Authenticate | undefined;
  /** How long a token may be on its way, and `authenticate` take, in milliseconds. Default 10,000. */
  readonly authenticateTimeoutMs?: number | undefined;
  /** Whether to compress messages for who offers it. Default `false`. */
  readonly deflate?: boolean | undefined;
  /**
   * The most sockets that are lines, or are about to be. Who asks for one more gets HTTP status 503 with
   * `Retry-After`. Default 10,000.
   */
  readonly maxLines?: number | undefined;
  /** How often a line is pinged of which nothing was heard, in milliseconds. Default 15,000. */
  readonly pingMs?: number | undefined;
}

/** What holds where an option is not given. */
export const LISTEN_DEFAULTS: TransportLimits & {
  readonly protocols: readonly string[];
  readonly authenticateTimeoutMs: number;
  readonly deflate: boolean;
  readonly maxLines: number;
  readonly pingMs: number;
} = {
  ...TRANSPORT_LIMITS,
  protocols: DEFAULT_PROTOCOLS,
  authenticateTimeoutMs: 10_000,
  deflate: false,
  maxLines: 10_000,
  pingMs: 15_000,
};

/**
 * A server of lines, on a port of its own or at a path of a server of yours.
 *
 * @throws {Error} The system's, such as `EADDRINUSE`, when the port is not to be had.
 */
export async function listen(options: ListenOptions = {}): Promise<WsServer> {
  const { server: given, port = 0, host, path } = options;
  const http = given ?? createServer(PATIENCE, refuseRequest);
  let address: string | undefined;
  const detach = attach(http, path, (...request) => lines.take(...request));
  const lines = new LineServer(withDefaults(options), {
    get address() {
      address ??= addressOf(http, path);
      return address;
    },
    leave: async () => {
      detach();
      if (given === undefined) await close(http);
    },
  });
  if (given === undefined) {
    await opened(http, port, host);
    address = addressOf(http, path);
  }
  return lines;
}

/** For who opens sockets to a server of its own and says little on them: the platform's is a minute. */
const PATIENCE = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_500,
};

/** Whoever asks for anything else than a WebSocket. */
function refuseRequest(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { connection: "close" }).end();
}

function withDefaults(options: ListenOptions): LineServerOptions {
  return {
    maxFrameBytes: options.maxFrameBytes ?? LISTEN_DEFAULTS.maxFrameBytes,
    maxQueueBytes: options.maxQueueBytes ?? LISTEN_DEFAULTS.maxQueueBytes,
    protocols: options.protocols ?? LISTEN_DEFAULTS.protocols,
    textAs: options.textAs,
    origins: options.origins,
    authenticate: options.authenticate,
    authenticateTimeoutMs: options.authenticateTimeoutMs ?? LISTEN_DEFAULTS.authenticateTimeoutMs,
    deflate: options.deflate ?? LISTEN_DEFAULTS.deflate,
    maxLines: options.maxLines ?? LISTEN_DEFAULTS.maxLines,
    pingMs: options.pingMs ?? LISTEN_DEFAULTS.pingMs,
  };
}

async function opened(http: HttpServer, port: number, host: string | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen({ port, host }, () => {
      http.off("error", reject);
      resolve();
    });
  });
}

async function close(http: HttpServer): Promise<void> {
  await new Promise<void>((resolve) => {
    http.close(() => resolve());
    // Browsers keep connections on which they ask for nothing.
    http.closeIdleConnections();
  });
}

function addressOf(http: HttpServer, path = ""): string {
  const at = http.address();
  if (at === null || typeof at === "string") throw new TypeError("the server is at no port");
  const { address, family, port } = at;
  const isAnywhere = address === "::" || address === "0.0.0.0";
  const host = family === "IPv6" ? `[${address}]` : address;
  return `${http instanceof SecureServer ? "wss" : "ws"}://${isAnywhere ? "localhost" : host}:${port}${path}`;
}
