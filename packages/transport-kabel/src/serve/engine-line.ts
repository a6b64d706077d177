/**
 * One line of the engine that serves stores, whose words are said as messages about topics: the engine
 * decides what a subscriber gets and in which order, and this only carries it.
 */
import {
  type Agreement,
  type Codec,
  type Dialect,
  type DialectTraits,
  type Line,
  type LineListener,
  type LineOptions,
  type Message,
  type Peer,
  SyncError,
  type Transport,
  type TransportClose,
} from "@datahike-sync/core";
import type { Connection } from "../connection.ts";

/** What the engine says of one subscription. */
export interface EngineListener {
  onMessage(message: Message, body: Uint8Array): Promise<void>;
}

/** No boundaries of commits, no fingerprints, and whoever has to begin anew begins with a new line. */
const TRAITS: DialectTraits = { commits: false, classes: "walker", resync: "close", verify: false };

/** Opens {@link EngineLine}s, which are lines already. */
export const ENGINE_DIALECT: Dialect = {
  name: "kabel-topics",
  traits: TRAITS,
  open: (transport, options, listener) => {
    if (!(transport instanceof EngineLine)) throw new TypeError("not a line of topics");
    return transport.open(options, listener);
  },
};

/** To a context of the engine a transport, though no bytes pass: it asks only how that ends. */
export class EngineLine implements Transport {
  readonly #connection: Connection;
  readonly #subscriptions = new Map<number, EngineListener>();
  #listener: LineListener | undefined;
  #windowBytes = 0;
  #codec: Codec | undefined;
  #lastId = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  get state(): "open" | "closed" {
    return this.#connection.state;
  }

  /** Of the values in what the engine says. */
  get codec(): Codec {
    if (this.#codec === undefined) throw new TypeError("the line was not opened");
    return this.#codec;
  }

  /** How much the engine may say ahead, in bytes. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  send(): never {
    throw new TypeError("a line of topics carries no bytes");
  }

  onMessage(): never {
    throw new TypeError("a line of topics carries no bytes");
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    return this.#connection.onClose(listener);
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.#connection.close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  open(
    { codec, maxFrameBytes, maxWindowBytes, pingMs }: LineOptions,
    listener: LineListener,
  ): Line {
    this.#listener = listener;
    this.#codec = codec;
    this.#windowBytes = Math.min(maxWindowBytes, WINDOW_BYTES);
    const agreement: Agreement = { maxFrameBytes, maxWindowBytes, pingMs };
    this.onClose((close) => listener.onClose(close));
    queueMicrotask(() => this.#guarded(() => listener.onAgreed(agreement)));
    return spoken(this, codec, (message, body = NOTHING) => this.#hear(message, body));
  }

  /** A number for a subscription, of which the engine tells this listener from now on. */
  add(listener: EngineListener): number {
    this.#subscriptions.set(++this.#lastId, listener);
    return this.#lastId;
  }

  remove(id: number): void {
    this.#subscriptions.delete(id);
  }

  /** Tells the engine what the other side has said. Never within a call of the engine. */
  tell(message: Message): void {
    this.#guarded(() => this.#listener?.onMessage(message, NOTHING));
  }

  /** The other side has said anew who it is: the engine asks again what it may have. */
  renewPeer(): void {
    this.#guarded(() => this.#listener?.onPeer?.());
  }

  async #hear(message: Message, body: Uint8Array): Promise<void> {
    if (message.type === "ping") {
      // Kabel's peers answer none. Whether they are there is what the transport below finds out.
      queueMicrotask(() => this.tell({ type: "pong" }));
    } else if ("id" in message && message.id !== undefined) {
      // Of one that has ended the engine may have more to say.
      await this.#subscriptions.get(message.id)?.onMessage(message, body);
    } else if (message.type === "error") {
      await this.close(message.code);
    }
  }

  #guarded(job: () => void): void {
    if (this.state === "closed") return;
    try {
      job();
    } catch (error) {
      this.#connection.fail(
        error instanceof Error
          ? error
          : new SyncError("INTERNAL", "the engine threw", { cause: error }),
      );
    }
  }
}

/** A line as the engine speaks on it. */
function spoken(line: EngineLine, codec: Codec, send: Line["send"]): Line {
  return {
    codec,
    traits: TRAITS,
    get peer() {
      return line.peer;
    },
    get isClosed() {
      return line.state === "closed";
    },
    send,
    close: (code, reason) => line.close(code, reason),
  };
}

/** Batches are taken one after the other, so there is no use in many of them. */
const WINDOW_BYTES = 2 ** 20;

const NOTHING = new Uint8Array(0);
