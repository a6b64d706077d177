/** Reads what a primary sends, and what it is told to be durable. */
import {
  type Codec,
  type Dialect,
  type Line,
  type Message,
  NATIVE_DIALECT,
  readBody,
} from "@datahike-sync/core";
import { print } from "@datahike-sync/edn";

export class WireTap {
  readonly dialect: Dialect;
  /** Nodes that were sent, in order, as often as they were. */
  readonly sent: string[] = [];
  /** Nodes that some replica has said to be durable. */
  readonly acknowledged: Set<string> = new Set();
  readonly #codec: Codec;
  #acks = 0;
  #onAck: () => void = () => undefined;

  constructor(codec: Codec) {
    this.#codec = codec;
    this.dialect = {
      ...NATIVE_DIALECT,
      open: (transport, options, listener) => {
        const batches = new Map<number, string[]>();
        const line = NATIVE_DIALECT.open(transport, options, {
          onAgreed: (agreement) => listener.onAgreed(agreement),
          onClose: (close) => listener.onClose(close),
          onMessage: (message, body) => {
            if (message.type === "ack") this.#onAcked(batches, message.batch);
            listener.onMessage(message, body);
          },
        });
        return tapped(line, (message, body) => this.#onSent(batches, message, body));
      },
    };
  }

  /** Resolves when so many acknowledgements more have come. */
  async acks(count: number): Promise<void> {
    const wanted = this.#acks + count;
    while (this.#acks < wanted) {
      await new Promise<void>((resolve) => {
        this.#onAck = resolve;
      });
    }
  }

  #onSent(batches: Map<number, string[]>, message: Message, body: Uint8Array): void {
    if (message.type !== "batch") return;
    const nodes: string[] = [];
    for (const operation of readBody(body, this.#codec)) {
      if (operation.op === "node") nodes.push(print(operation.key));
    }
    batches.set(message.batch, nodes);
    this.sent.push(...nodes);
  }

  #onAcked(batches: Map<number, string[]>, last: number): void {
    for (const [batch, nodes] of batches) {
      if (batch > last) break;
      for (const node of nodes) this.acknowledged.add(node);
      batches.delete(batch);
    }
    this.#acks++;
    this.#onAck();
  }
}

function tapped(line: Line, onSent: (message: Message, body: Uint8Array) => void): Line {
  return {
    get peer() {
      return line.peer;
    },
    get codec() {
      return line.codec;
    },
    get traits() {
      return line.traits;
    },
    get isClosed() {
      return line.isClosed;
    },
    send: (message, body) => {
      onSent(message, body ?? new Uint8Array(0));
      return line.send(message, body);
    },
    close: (code, reason) => line.close(code, reason),
  };
}
