/** A line within a process that takes everything and loses nothing. */
import type { Transport, TransportClose } from "@datahike-sync/core";

export function makeLine(): [Transport, Transport] {
  const [a, b] = [new End(), new End()];
  a.other = b;
  b.other = a;
  return [a, b];
}

class End implements Transport {
  readonly peer = {};
  state: Transport["state"] = "open";
  other: End = this;
  readonly #inbox: Uint8Array[] = [];
  readonly #onClose = new Set<(close: TransportClose) => void>();
  #onMessage: ((message: Uint8Array) => void) | undefined;

  async send(head: Uint8Array, body: Uint8Array = new Uint8Array(0)): Promise<void> {
    const message = Buffer.concat([head, body]);
    setImmediate(() => this.other.#take(new Uint8Array(message)));
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    this.#onMessage = listener;
    for (const message of this.#inbox.splice(0)) listener(message);
    return () => {
      this.#onMessage = undefined;
    };
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    this.#onClose.add(listener);
    return () => this.#onClose.delete(listener);
  }

  async close(): Promise<void> {
    for (const end of [this, this.other]) {
      if (end.state === "closed") continue;
      end.state = "closed";
      for (const listener of end.#onClose) listener({});
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(message: Uint8Array): void {
    if (this.state === "closed") return;
    if (this.#onMessage === undefined) this.#inbox.push(message);
    else this.#onMessage(message);
  }
}
