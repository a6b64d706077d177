/** A relay before an honest primary that changes, drops, repeats and exchanges what that says. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { mutate, type Random } from "@datahike-sync/testing";
import { onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";

const PROTOCOL = "datahike-sync.v1.msgpack";

export class LyingRelay {
  readonly address: string;
  /** Frames of the primary that came as others, or not at all. */
  lies = 0;
  isHonest = false;
  readonly #random: Random;

  private constructor(address: string, random: Random) {
    this.address = address;
    this.#random = random;
  }

  static async open(primary: string, random: Random): Promise<LyingRelay> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const relay = new LyingRelay(`ws://127.0.0.1:${port}`, random);
    server.on("connection", (near) => relay.#join(near, new WebSocket(primary, PROTOCOL)));
    return relay;
  }

  #join(near: WebSocket, far: WebSocket): void {
    const early: Buffer[] = [];
    let held: Uint8Array | undefined;
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => undefined);
      one.on("close", () => other.terminate());
    }
    far.on("open", () => {
      for (const frame of early) far.send(frame);
    });
    near.on("message", (frame: Buffer) => {
      if (far.readyState === WebSocket.OPEN) far.send(frame);
      else early.push(frame);
    });
    far.on("message", (frame: Buffer) => {
      if (this.isHonest || this.#random.below(LIE_EVERY) > 0) return near.send(frame);
      this.lies++;
      switch (this.#random.below(8)) {
        case 0:
          return;
        case 1:
          near.send(frame);
          return near.send(frame);
        case 2:
          if (held !== undefined) near.send(held);
          held = Uint8Array.from(frame);
          return;
        case 3:
          return near.send(frame.subarray(0, this.#random.below(frame.length)));
        default:
          return near.send(mutate(Uint8Array.from(frame), this.#random));
      }
    });
  }
}

/** Seldom enough for some of a line to be heard before it is over. */
const LIE_EVERY = 4;
