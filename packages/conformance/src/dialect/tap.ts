/** A transport that shows what a dialect sends through it, and hands it what nobody sent. */
import type { Peer, Transport, TransportClose } from "@datahike-sync/core";
import { concat } from "../transport/line.ts";

export class Tap implements Transport {
  /** The frames that were sent from here. */
  readonly sent: Uint8Array[] = [];
  readonly #inner: Transport;
  #listener: ((message: Uint8Array) => void) | undefined;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get peer(): Peer {
    return this.#inner.peer;
  }

  get state(): Transport["state"] {
    return this.#inner.state;
  }

  send(head: Uint8Array, body: Uint8Array = new Uint8Array(0)): Promise<void> {
    this.sent.push(concat(head, body));
    return this.#inner.send(head, body);
  }

  /** Sends a frame past the dialect, as if it had sent it. */
  inject(frame: Uint8Array): Promise<void> {
    return this.#inner.send(frame.slice());
  }

  /** Hands a frame to who listens, whatever has become of the line. */
  deliver(frame: Uint8Array): void {
    this.#listener?.(frame.slice());
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    this.#listener = listener;
    const off = this.#inner.onMessage(listener);
    return () => {
      off();
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    return this.#inner.onClose(listener);
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.#inner.close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
