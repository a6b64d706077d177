/** One line on which this side serves: ids, who gets what, and whether anybody is still there. */
import { SyncError } from "@datahike-sync/edn";
import type { Agreement, Line, LineListener } from "../dialect.ts";
import type { Environment } from "../environment.ts";
import type { Message, Subscribe } from "../protocol.ts";
import type { TransportClose } from "../transport.ts";
import { failureOf } from "./failure.ts";
import type { PrimaryStores } from "./primary-stores.ts";
import { Subscriber } from "./subscriber.ts";

export class PrimaryLine implements LineListener {
  readonly #stores: PrimaryStores;
  readonly #environment: Environment;
  readonly #subscribers = new Map<number, Subscriber>();
  #line: Line | undefined;
  #agreement: Agreement | undefined;
  #lastId = 0;
  /** Subscriptions of which something is still under way. */
  #running = 0;
  /** Pings since the other side was last heard of. */
  #pings = 0;
  /** For the other side's hello, then for the next ping. */
  #stopTimer: () => void = () => undefined;

  constructor(stores: PrimaryStores, environment: Environment) {
    this.#stores = stores;
    this.#environment = environment;
  }

  /** The line whose messages these are; called right after `Dialect.open` returned, before any message. */
  begin(line: Line): void {
    this.#line = line;
    const { clock, limits } = this.#environment;
    // Who never says it would be asked for no pong, and stay for ever.
    this.#stopTimer = clock.after(limits.helloTimeoutMs, () => {
      void this.close("HEARTBEAT_TIMEOUT");
    });
  }

  /** @throws {SyncError} `FRAME_TOO_LARGE` when the other side does not take frames as large as ours. */
  onAgreed(agreement: Agreement): void {
    const { batchBytes } = this.#environment.limits;
    // Bodies are the same for all, so none can be cut to the measure of one.
    if (agreement.maxFrameBytes < 2 * batchBytes) {
      throw new SyncError("FRAME_TOO_LARGE", "the other side takes only smaller frames", {
        details: { limit: "maxFrameBytes", max: agreement.maxFrameBytes, bytes: 2 * batchBytes },
      });
    }
    this.#agreement = agreement;
    this.#stopTimer();
    this.#setPing(agreement.pingMs);
  }

  onMessage(message: Message): void {
    this.#pings = 0;
    switch (message.type) {
      case "subscribe":
        return this.#subscribe(message);
      case "ack":
        return this.#find(message.id)?.ack(message.batch);
      case "need":
        return this.#find(message.id)?.need(message.keys);
      case "reconcile":
        return this.#find(message.id)?.reconcile(message.ranges);
      case "unsubscribe":
        return this.#find(message.id)?.end();
      case "error":
        // Without an id it is the line that has failed, and its end follows.
        return message.id === undefined ? undefined : this.#find(message.id)?.end();
      case "pong":
        return;
      default:
        throw violation(`a replica does not send ${message.type}`);
    }
  }

  onPeer(): void {
    for (const subscriber of Array.from(this.#subscribers.values())) subscriber.recheck();
  }

  onClose(close: TransportClose): void {
    this.#stopTimer();
    for (const subscriber of Array.from(this.#subscribers.values())) subscriber.end();
    this.#environment.tell({ type: "line-closed", role: "primary", error: close.error });
  }

  async close(code?: string, reason?: string): Promise<void> {
    await this.#line?.close(code, reason);
  }

  #subscribe(request: Subscribe): void {
    const line = this.#line;
    const agreement = this.#agreement;
    if (line === undefined || agreement === undefined) throw violation("subscribe before hello");
    const { id } = request;
    if (id <= this.#lastId) throw violation("an id that was used before");
    this.#lastId = id;
    const { maxSubscriptions } = this.#environment.limits;
    // Also those that have ended and still wait for something: ending them must not make room for more.
    if (this.#running >= maxSubscriptions) {
      const error = new SyncError("LIMIT_EXCEEDED", "too many subscriptions on a line");
      this.#environment.tell({ type: "failed", storeId: request.storeId, error });
      line.send(failureOf(id, error)).catch(() => undefined);
      return;
    }
    const subscriber = new Subscriber({
      request,
      line,
      stores: this.#stores,
      environment: this.#environment,
      maxWindowBytes: agreement.maxWindowBytes,
      onTimeout: () => void this.close("ACK_TIMEOUT"),
      onEnd: () => this.#subscribers.delete(id),
    });
    this.#subscribers.set(id, subscriber);
    this.#running++;
    this.#stores.track(
      subscriber.run().finally(() => {
        this.#running--;
      }),
    );
  }

  /** Who has this id; nobody, when it has ended and this is late. */
  #find(id: number): Subscriber | undefined {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined && (id < 1 || id > this.#lastId)) {
      throw violation("an id of no subscription");
    }
    return subscriber;
  }

  #setPing(pingMs: number): void {
    this.#stopTimer = this.#environment.clock.after(pingMs, () => {
      if (this.#pings >= MAX_PINGS) return void this.close("HEARTBEAT_TIMEOUT");
      this.#pings++;
      // The line's end tells what there is to tell of a ping that could not be sent.
      this.#line?.send({ type: "ping" }).catch(() => undefined);
      this.#setPing(pingMs);
    });
  }
}

/** So many may stay unanswered. */
const MAX_PINGS = 2;

function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}
