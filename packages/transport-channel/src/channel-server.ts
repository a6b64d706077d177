import { type Dialer, SyncError, type Transport, type TransportServer } from "@datahike-sync/core";
import { type ChannelEnd, joinedEnds } from "./channel.ts";
import { type ChannelOptions, directionOf } from "./channel-options.ts";
import type { End } from "./end.ts";

/** A {@link Dialer} whose lines can be broken. */
export type ChannelDialer = (...options: Parameters<Dialer>) => Promise<ChannelEnd>;

/** A server of channels, and the dialers that reach it: a network in one process. */
export class ChannelServer implements TransportServer {
  readonly address = "channel";
  /** Opens a line to this server without credentials. */
  readonly dial: ChannelDialer = this.dialAs(undefined);
  readonly #there: ChannelOptions;
  readonly #back: ChannelOptions;
  readonly #listeners = new Set<(transport: Transport) => void>();
  readonly #open = new Set<ChannelEnd>();
  #isClosed = false;

  /**
   * @param there The direction from those who dial to the server, of every line.
   * @param back The direction from the server. Default: like `there`.
   * @throws {RangeError} when an option is out of its range.
   */
  constructor(there: ChannelOptions = {}, back: ChannelOptions = there) {
    directionOf(there);
    directionOf(back);
    this.#there = there;
    this.#back = back;
  }

  /**
   * A dialer whose lines have this `peer.principal` at the server, as if authentication had found it.
   * It takes one latency there and one back, and rejects with `TRANSPORT_CLOSED` when the server was
   * closed or nobody listens for connections.
   */
  dialAs(principal: unknown): ChannelDialer {
    return (options = {}) => this.#connect(principal, options.signal);
  }

  onConnection(listener: (transport: Transport) => void): () => void {
    const own = (transport: Transport) => listener(transport);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(Array.from(this.#open, (end) => end.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #connect(principal: unknown, signal: AbortSignal | undefined): Promise<ChannelEnd> {
    signal?.throwIfAborted();
    await wait(this.#there, signal);
    if (this.#isClosed || this.#listeners.size === 0) {
      throw new SyncError("TRANSPORT_CLOSED", "nobody takes lines here");
    }
    const peer = { address: this.address };
    const [near, far] = joinedEnds(this.#there, this.#back, peer, { ...peer, principal });
    this.#accept(far);
    try {
      await wait(this.#back, signal);
    } catch (error) {
      near.break();
      throw error;
    }
    return near;
  }

  #accept(end: End): void {
    this.#open.add(end);
    end.onClose(() => this.#open.delete(end));
    try {
      for (const listener of this.#listeners) listener(end);
    } catch (error) {
      end.fail(new SyncError("INTERNAL", "a listener of connections threw", { cause: error }));
    }
  }
}

/** Waits for one latency. */
async function wait(options: ChannelOptions, signal: AbortSignal | undefined): Promise<void> {
  const { clock, latencyMs } = directionOf(options);
  if (latencyMs === 0) return;
  await new Promise<void>((resolve) => {
    const cancel = clock.after(latencyMs, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    const stop = () => {
      cancel();
      resolve();
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
  signal?.throwIfAborted();
}
