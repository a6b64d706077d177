/** A real line under one of the world: what is sent there goes through it before it is under way here. */
import type { Transport } from "@datahike-sync/core";
import type { Side } from "./line.ts";

/** Opens a real line: its two ends, connected. */
export type OpenCable = () => Promise<readonly [Transport, Transport]>;

/** Neither closes nor breaks by itself: how lines end is for the world to say. */
export class Cable {
  readonly #ends: Readonly<Record<Side, Transport>>;
  /** Who waits for what the other side sent, in the order in which it was sent. */
  readonly #waiting: Readonly<Record<Side, ((message: Uint8Array) => void)[]>> = {
    dialer: [],
    server: [],
  };

  constructor([dialer, server]: readonly [Transport, Transport]) {
    this.#ends = { dialer, server };
    dialer.onMessage((message) => this.#waiting.dialer.shift()?.(message));
    server.onMessage((message) => this.#waiting.server.shift()?.(message));
  }

  /** Sends a message to one side. Resolves with it as it arrives there. */
  carry(to: Side, message: Uint8Array): Promise<Uint8Array> {
    const from = this.#ends[to === "dialer" ? "server" : "dialer"];
    return new Promise((resolve, reject) => {
      this.#waiting[to].push(resolve);
      from.send(message.slice()).catch(reject);
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#ends.dialer.close(), this.#ends.server.close()]);
  }
}
