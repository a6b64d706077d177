/** What lies between the browser and the server: can be shut, and stops a line after so many bytes. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { SYNC_PATH } from "../src/agreement.ts";

export class Gate implements AsyncDisposable {
  /** Bytes that the server has sent over lines. */
  received = 0;
  /** How many it lets through, of all lines together; the rest waits for ever. */
  limit: number = Number.POSITIVE_INFINITY;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number | undefined;

  private constructor() {
    this.#server = createServer((browser) => this.#take(browser));
  }

  static async open(): Promise<Gate> {
    const gate = new Gate();
    await new Promise<void>((resolve) => gate.#server.listen(0, "localhost", resolve));
    return gate;
  }

  /** The origin of the page, whichever server is behind it. */
  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the gate has no port");
    return `http://localhost:${address.port}`;
  }

  /** Leads to a server. */
  openTo(origin: string): void {
    this.#target = Number(new URL(origin).port);
  }

  /** As when the server is gone: what is open breaks, and nobody answers. */
  shut(): void {
    this.#target = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(browser: Socket): void {
    if (this.#target === undefined) {
      browser.destroy();
      return;
    }
    const server = connect(this.#target, "localhost");
    let isLine = false;
    for (const [socket, other] of [
      [browser, server],
      [server, browser],
    ] as const) {
      this.#sockets.add(socket);
      // Broken off, as everything here may be; the other end learns of it by its close.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    browser.on("data", (bytes: Buffer) => {
      isLine ||= bytes.toString("latin1", 0, 64).startsWith(`GET ${SYNC_PATH} `);
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (isLine) this.received += bytes.length;
      const beyond = isLine ? Math.max(0, this.received - this.limit) : 0;
      if (beyond > 0) server.pause();
      browser.write(bytes.subarray(0, Math.max(0, bytes.length - beyond)));
    });
  }
}
