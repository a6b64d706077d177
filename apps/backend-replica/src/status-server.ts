/** Answers those who look after the service, on a port of its own, so that the other can be public. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";
import { METRICS_TYPE } from "./metrics.ts";

export interface StatusSource {
  /** With what else is of interest to a person. */
  health(): Health & Readonly<Record<string, unknown>>;
  metrics(): string;
}

export class StatusServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws {Error} The system's, such as `EADDRINUSE`. */
  static async listen(host: string, port: number, source: StatusSource): Promise<StatusServer> {
    const server = createServer((request, response) => {
      answer(request.method, request.url, source, response);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return new StatusServer(server);
  }

  get address(): string {
    // `as`: it listens at a port.
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      // Whoever polls keeps a connection open.
      this.#server.closeAllConnections();
    });
  }
}

function answer(
  method: string | undefined,
  url: string | undefined,
  source: StatusSource,
  response: ServerResponse,
): void {
  if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  const [path] = (url ?? "").split("?", 1);
  if (path === "/metrics") {
    response.writeHead(200, { "content-type": METRICS_TYPE }).end(source.metrics());
    return;
  }
  if (path !== "/live" && path !== "/ready") {
    response.writeHead(404).end();
    return;
  }
  const health = source.health();
  const isGood = path === "/live" ? health.live : health.ready;
  response
    .writeHead(isGood ? 200 : 503, { "content-type": "application/json" })
    .end(`${JSON.stringify(health)}\n`);
}
