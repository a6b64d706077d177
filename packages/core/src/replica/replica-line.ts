/** One open line, as those who follow see it: ids, who gets what, and whether anybody is still there. */
import { SyncError } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { Agreement, Dialect, Line, LineListener } from "../dialect.ts";
import type { Environment } from "../environment.ts";
import type { Message } from "../protocol.ts";
import type { Transport, TransportClose } from "../transport.ts";
import type { SubscriptionMessage } from "./inbox.ts";

/** Takes what comes for one subscription. */
export interface Receiver {
  /** Throws a SyncError to end the line. */
  receive(message: SubscriptionMessage, body: Uint8Array): void;
  /** The line has ended: nothing comes any more, and what came and was not taken up is void. */
  lineEnded(): void;
}

export interface ReplicaLineOptions {
  readonly transport: Transport;
  readonly dialect: Dialect;
  readonly codec: Codec;
  readonly environment: Environment;
}

export class ReplicaLine implements LineListener {
  /** Resolves when both sides have said hello; never, when the line ends before. */
  readonly agreed: Promise<Agreement>;
  readonly closed: Promise<TransportClose>;
  readonly codec: Codec;
  readonly #environment: Environment;
  readonly #line: Line;
  readonly #receivers = new Map<number, Receiver>();
  #lastId = 0;
  #agreement: Agreement | undefined;
  #agree: (agreement: Agreement) => void = () => undefined;
  #end: (close: TransportClose) => void = () => undefined;
  #heardAt: number;
  #isOver = false;
  #stopWatch: () => void = () => undefined;

  constructor({ transport, dialect, codec, environment }: ReplicaLineOptions) {
    const { limits, clock } = environment;
    this.codec = codec;
    this.#environment = environment;
    this.agreed = new Promise((resolve) => {
      this.#agree = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#heardAt = clock.now();
    this.#line = dialect.open(
      transport,
      {
        role: "replica",
        codec,
        maxFrameBytes: limits.maxFrameBytes,
        maxWindowBytes: limits.windowBytes,
        pingMs: limits.pingMs,
      },
      this,
    );
    this.#watch(limits.helloTimeoutMs, limits.helloTimeoutMs);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What a subscription asks for as its window. */
  get windowBytes(): number {
    const { windowBytes } = this.#environment.limits;
    return Math.min(windowBytes, this.#agreement?.maxWindowBytes ?? windowBytes);
  }

  /** The id of a new subscription, whose messages `receiver` gets. */
  join(receiver: Receiver): number {
    const id = ++this.#lastId;
    this.#receivers.set(id, receiver);
    if (this.#isOver) receiver.lineEnded();
    return id;
  }

  /** What still comes for this id goes nowhere. */
  leave(id: number): void {
    this.#receivers.delete(id);
  }

  /** @throws {SyncError} As `Line.send`. */
  send(message: Message): Promise<void> {
    return this.#line.send(message);
  }

  close(code?: string): Promise<void> {
    return this.#line.close(code);
  }

  onAgreed(agreement: Agreement): void {
    this.#agreement = agreement;
    this.#heardAt = this.#environment.clock.now();
    this.#stopWatch();
    this.#watch(agreement.pingMs, SILENT_PINGS * agreement.pingMs);
    this.#agree(agreement);
  }

  onMessage(message: Message, body: Uint8Array): void {
    this.#heardAt = this.#environment.clock.now();
    switch (message.type) {
      case "ping":
        // The line's end tells what there is to tell of a pong that could not be sent.
        this.#line.send({ type: "pong" }).catch(() => undefined);
        return;
      case "subscribed":
      case "batch":
      case "offer":
      case "reconcile":
      case "complete":
      case "resync":
      case "error":
        return this.#deliver(message, body);
      default:
        throw new SyncError("PROTOCOL_VIOLATION", `a primary does not send ${message.type}`);
    }
  }

  onClose(close: TransportClose): void {
    this.#isOver = true;
    this.#stopWatch();
    for (const receiver of this.#receivers.values()) receiver.lineEnded();
    this.#receivers.clear();
    this.#end(close);
  }

  #deliver(message: SubscriptionMessage, body: Uint8Array): void {
    const { id } = message;
    const receiver = id === undefined ? undefined : this.#receivers.get(id);
    if (receiver !== undefined) return receiver.receive(message, body);
    // Late, for one that has left.
    if (id !== undefined && id > 0 && id <= this.#lastId) return;
    throw new SyncError("PROTOCOL_VIOLATION", `${message.type} for a subscription that is none`);
  }

  /** Looks every `everyMs`, and ends the line when nothing was heard for `silentMs`. */
  #watch(everyMs: number, silentMs: number): void {
    const { clock } = this.#environment;
    const due = clock.now() + everyMs;
    this.#stopWatch = clock.after(everyMs, () => {
      const now = clock.now();
      // Whose timer fires late was asleep, as hidden tabs are, and has not read what came.
      if (now - due > everyMs / 2) this.#heardAt = now;
      if (now - this.#heardAt >= silentMs) void this.close("HEARTBEAT_TIMEOUT");
      else this.#watch(everyMs, silentMs);
    });
  }
}

/** A primary gives up after two that stayed unanswered; whoever only listens allows for the way too. */
const SILENT_PINGS = 2.5;
