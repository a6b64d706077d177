/** A TCP relay whose lines carry so many bytes a second, each way, and not one more while others wait. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How often some of them go on. */
const TICK_MS = 50;

export class SlowLine implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #bytesPerSecond: number;

  private constructor(server: Server, bytesPerSecond: number) {
    this.#server = server;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Leads to a server's port on the loopback interface. */
  static async open(port: number, bytesPerSecond: number): Promise<SlowLine> {
    const server = createServer();
    const line = new SlowLine(server, bytesPerSecond);
    server.on("connection", (near) => line.#join(near, connect(port, "127.0.0.1")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  get address(): string {
    const at = this.#server.address();
    if (at === null || typeof at === "string") throw new TypeError("the relay is at no port");
    return `ws://127.0.0.1:${at.port}`;
  }

  /** From now on nothing holds up what comes. */
  hurry(): void {
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, far: Socket): void {
    const sockets = [near, far];
    for (const socket of sockets) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const either of sockets) either.destroy();
      });
    }
    void this.#carry(near, far);
    void this.#carry(far, near);
  }

  /** Reads only what it has carried before, so that the rest waits with whoever sent it. Never rejects. */
  async #carry(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const bytes of from) await this.#write(bytes, to);
    } catch {
      // The sockets say so themselves.
    }
  }

  async #write(bytes: Uint8Array, to: Socket): Promise<void> {
    for (let at = 0; at < bytes.length && !to.destroyed; ) {
      const some = bytes.subarray(at, at + (this.#bytesPerSecond * TICK_MS) / 1000);
      to.write(some);
      at += some.length;
      if (Number.isFinite(this.#bytesPerSecond)) await sleep(TICK_MS);
    }
  }
}
