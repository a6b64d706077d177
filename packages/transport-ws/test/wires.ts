/** Lines over loopback sockets through a relay that can be told to fail. */
import { createServer, connect as open, type Server, type Socket } from "node:net";
import type { Side, Wire } from "@datahike-sync/conformance/simulation";
import { type WsTransport, wsDialer } from "@datahike-sync/transport-ws/client";
import { listen, NodeWebSocket, type WsServer } from "@datahike-sync/transport-ws/server";

/** One server for any number of lines, which are opened one at a time. */
export class Wires {
  readonly #server: WsServer;
  readonly #relay: Server;
  #taken: (transport: WsTransport) => void = () => undefined;
  #passage: Passage | undefined;
  #opening: Promise<unknown> = Promise.resolve();

  static async listen(): Promise<Wires> {
    const server = await listen({ host: "127.0.0.1" });
    const wires = new Wires(server);
    await new Promise<void>((resolve) => wires.#relay.listen(0, "127.0.0.1", resolve));
    return wires;
  }

  private constructor(server: WsServer) {
    this.#server = server;
    server.onConnection((transport) => this.#taken(transport));
    const port = Number(new URL(server.address).port);
    this.#relay = createServer((near) => {
      this.#passage = new Passage(near, open(port, "127.0.0.1"));
    });
  }

  open(): Promise<Wire> {
    const opened = this.#opening.then(() => this.#open());
    this.#opening = opened.catch(() => undefined);
    return opened;
  }

  async close(): Promise<void> {
    await this.#server.close();
    this.#relay.close();
  }

  async #open(): Promise<Wire> {
    const taken = new Promise<WsTransport>((resolve) => {
      this.#taken = resolve;
    });
    const at = this.#relay.address();
    if (at === null || typeof at === "string") throw new TypeError("the relay is at no port");
    const url = `ws://127.0.0.1:${at.port}`;
    const dialer = await wsDialer(url, { WebSocket: NodeWebSocket })();
    const server = await taken;
    const passage = this.#passage;
    if (passage === undefined) throw new TypeError("the line did not come through the relay");
    return {
      dialer,
      server,
      cutAfter: (bytes) => passage.cutAfter(bytes),
      drop: (side) => passage.drop(side),
      hold: (isHeld) => passage.hold(isHeld),
    };
  }
}

/** Two sockets, and what one brings goes to the other. */
class Passage {
  readonly #sockets: Readonly<Record<Side, Socket>>;
  #left = Number.POSITIVE_INFINITY;
  #isHeld = false;

  constructor(dialer: Socket, server: Socket) {
    this.#sockets = { dialer, server };
    this.#carry(dialer, server);
    this.#carry(server, dialer);
  }

  cutAfter(bytes: number): void {
    this.#left = Math.min(this.#left, bytes);
  }

  drop(side: Side): void {
    this.#left = 0;
    this.#sockets[side].resetAndDestroy();
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    for (const socket of Object.values(this.#sockets)) {
      if (isHeld) socket.pause();
      else socket.resume();
    }
  }

  #carry(from: Socket, to: Socket): void {
    from.setNoDelay(true);
    from.on("data", (bytes) => {
      const some = bytes.subarray(0, this.#left);
      this.#left -= some.length;
      if (some.length > 0) to.write(some);
      if (this.#isHeld) from.pause();
    });
    // Of a line that was cut nobody is told but by `drop`.
    from.on("end", () => this.#left > 0 && to.end());
    from.on("error", () => undefined);
    from.on("close", () => this.#left > 0 && to.destroy());
  }
}
