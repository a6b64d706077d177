/** Counts the payload of a server's lines. */
import type { Transport } from "@datahike-sync/core";
import type { PayloadBytes } from "../system.ts";

export class PayloadCount {
  #up = 0;
  #down = 0;

  get bytes(): PayloadBytes {
    return { up: this.#up, down: this.#down };
  }

  addUp(bytes: number): void {
    this.#up += bytes;
  }

  addDown(bytes: number): void {
    this.#down += bytes;
  }
}

/** A line whose messages are counted: over WebSocket a message's bytes are the payload. */
export class CountedTransport implements Transport {
  readonly #line: Transport;
  readonly #count: PayloadCount;

  constructor(line: Transport, count: PayloadCount) {
    this.#line = line;
    this.#count = count;
  }

  get peer(): Transport["peer"] {
    return this.#line.peer;
  }

  get state(): Transport["state"] {
    return this.#line.state;
  }

  send(head: Uint8Array, body?: Uint8Array): Promise<void> {
    this.#count.addDown(head.length + (body?.length ?? 0));
    return this.#line.send(head, body);
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    return this.#line.onMessage((message) => {
      this.#count.addUp(message.length);
      listener(message);
    });
  }

  onClose(listener: Parameters<Transport["onClose"]>[0]): () => void {
    return this.#line.onClose(listener);
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.#line.close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
