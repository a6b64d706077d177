/** A primary that stops in the midst of what it sends, and knows what that was. */
import {
  type Codec,
  createSyncContext,
  type Dialect,
  type Line,
  NATIVE_DIALECT,
  readBody,
  type Store,
  type SyncContext,
} from "@datahike-sync/core";
import { print, type Uuid } from "@datahike-sync/edn";
import { listen, nativeProtocol, type WsServer } from "@datahike-sync/transport-ws/server";
import { datahikeWalker } from "@datahike-sync/walker-datahike";

export class HeldPrimary {
  readonly storeId: Uuid;
  readonly #server: WsServer;
  readonly #context: SyncContext;
  readonly #wire: HeldWire;

  private constructor(server: WsServer, context: SyncContext, storeId: Uuid, wire: HeldWire) {
    this.#server = server;
    this.#context = context;
    this.#wire = wire;
    this.storeId = storeId;
  }

  /** @param batches After so many nothing more is sent, until {@link HeldPrimary.release}. */
  static async serve(store: Store, codec: Codec, batches: number): Promise<HeldPrimary> {
    const wire = new HeldWire(codec, batches);
    // Small batches: many moments to stop at.
    const limits = { batchOperations: 4 };
    const context = createSyncContext({ codec, limits, dialect: wire.dialect });
    const server = await listen({ host: "127.0.0.1", protocols: [nativeProtocol(codec)] });
    const { storeId } = context.registerStore(store, { id: "held" }, { walker: datahikeWalker() });
    context.serve(server);
    return new HeldPrimary(server, context, storeId, wire);
  }

  get lines(): string {
    return this.#server.address;
  }

  /** Resolves when all that may be sent is on its way. */
  get sending(): Promise<void> {
    return this.#wire.sending;
  }

  /** Resolves when all that may be sent was acknowledged. */
  get held(): Promise<void> {
    return this.#wire.held;
  }

  /** Resolves when the first replica has gone. */
  get left(): Promise<void> {
    return this.#wire.left;
  }

  /** The nodes that were sent since the last call, as text. */
  takeSent(): string[] {
    return this.#wire.sent.splice(0);
  }

  release(): void {
    this.#wire.release();
  }

  async close(): Promise<void> {
    this.release();
    await this.#context.close();
    await this.#server.close();
  }
}

class HeldWire {
  readonly dialect: Dialect;
  readonly sent: string[] = [];
  readonly #lastSent = new Moment();
  /** Resolves when the last batch before the stop is sent. */
  readonly sending: Promise<void> = this.#lastSent.reached;
  /** Resolves when it was acknowledged. */
  readonly held: Promise<void>;
  /** Resolves when the first line has ended. */
  readonly left: Promise<void>;
  readonly #codec: Codec;
  readonly #released: Promise<void>;
  release: () => void = () => undefined;
  #batches: number;

  constructor(codec: Codec, batches: number) {
    this.#codec = codec;
    this.#batches = batches;
    this.#released = new Promise((resolve) => {
      this.release = resolve;
    });
    const [held, left] = [new Moment(), new Moment()];
    this.held = held.reached;
    this.left = left.reached;
    this.dialect = {
      ...NATIVE_DIALECT,
      open: (transport, options, listener) => {
        const line = NATIVE_DIALECT.open(transport, options, {
          onAgreed: (agreement) => listener.onAgreed(agreement),
          onClose: (close) => {
            left.reach();
            listener.onClose(close);
          },
          onMessage: (message, body) => {
            if (message.type === "ack" && message.batch === batches) held.reach();
            listener.onMessage(message, body);
          },
        });
        return this.#watched(line);
      },
    };
  }

  #watched(line: Line): Line {
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
      send: async (message, body) => {
        const isBatch = message.type === "batch";
        if (isBatch && --this.#batches < 0) await this.#released;
        if (isBatch && !line.isClosed) this.#note(body ?? new Uint8Array(0));
        const sent = line.send(message, body);
        if (isBatch && this.#batches === 0) this.#lastSent.reach();
        await sent;
      },
      close: (code, reason) => line.close(code, reason),
    };
  }

  #note(body: Uint8Array): void {
    for (const operation of readBody(body, this.#codec)) {
      if (operation.op === "node") this.sent.push(print(operation.key));
    }
  }
}

/** Something that happens once. */
class Moment {
  reach: () => void = () => undefined;
  readonly reached: Promise<void> = new Promise((resolve) => {
    this.reach = resolve;
  });
}
