import { type Peer, SyncError, type TransportClose } from "@datahike-sync/core";
import type { ChannelEnd } from "./channel.ts";
import type { Direction } from "./channel-options.ts";
import { Lane } from "./lane.ts";
import { Queue } from "./queue.ts";

/** What a message counts for beyond its bytes: about what the queues and its array take. */
const MESSAGE_COST_BYTES = 64;

/** What is on its way: a message, the other end's farewell, or the place where the line breaks. */
type Parcel = Uint8Array | Farewell | typeof BREAK;

interface Farewell {
  readonly close: TransportClose;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: SyncError) => void;
}

const BREAK = Symbol("break");
const NOTHING = new Uint8Array(0);
const READY: Promise<void> = Promise.resolve();

/** An end of a channel: sends through a lane of its own, and receives from that of the other end. */
export class End implements ChannelEnd {
  readonly peer: Peer;
  readonly #direction: Direction;
  /** From here on a sender waits: so much room is kept that who awaits can always send a message. */
  readonly #fullBytes: number;
  readonly #lane: Lane<Parcel>;
  #other: End = this;

  /** What was sent from here and not taken there. */
  #waitingBytes = 0;
  readonly #waiters: Waiter[] = [];

  #listener: ((message: Uint8Array) => void) | undefined;
  /** What came while nobody took messages, and the farewell that came behind it. */
  readonly #inbox = new Queue<Uint8Array>();
  #farewell: Farewell | undefined;

  /** What `close` was called with. */
  #closing: TransportClose | undefined;
  #ended: TransportClose | undefined;
  readonly #closeListeners = new Set<(close: TransportClose) => void>();
  readonly #whenTold: Promise<void>;
  #told: () => void = () => {};

  constructor(direction: Direction, peer: Peer) {
    this.peer = peer;
    this.#direction = direction;
    const { maxFrameBytes, maxQueueBytes } = direction;
    const spare = maxQueueBytes - maxFrameBytes - MESSAGE_COST_BYTES;
    this.#fullBytes = Math.max(0, Math.min(maxQueueBytes / 4, spare));
    this.#lane = new Lane(direction, (parcel) => this.#other.#receive(parcel));
    this.#whenTold = new Promise((resolve) => {
      this.#told = resolve;
    });
  }

  /** Makes `other` the end that receives what is sent here. */
  join(other: End): void {
    this.#other = other;
  }

  get state(): "open" | "closed" {
    const isOpen = this.#closing === undefined && this.#farewell === undefined;
    return isOpen && this.#ended === undefined ? "open" : "closed";
  }

  send(head: Uint8Array, body: Uint8Array = NOTHING): Promise<void> {
    if (this.state === "closed") return Promise.reject(lineClosed());
    const { maxFrameBytes, maxQueueBytes, loss, random } = this.#direction;
    const bytes = head.length + body.length;
    if (bytes > maxFrameBytes) return Promise.reject(frameTooLarge(bytes, maxFrameBytes));
    const cost = bytes + MESSAGE_COST_BYTES;
    if (this.#waitingBytes > 0 && this.#waitingBytes + cost > maxQueueBytes) {
      const error = queueFull(maxQueueBytes);
      this.fail(error);
      return Promise.reject(error);
    }
    this.#waitingBytes += cost;
    const isLost = loss > 0 && random() < loss;
    this.#lane.carry(isLost ? BREAK : joined(head, body), bytes);
    if (this.#waitingBytes <= this.#fullBytes) return READY;
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    // A function of its own, so that setting the same one twice makes two that are taken off apart.
    const own = (message: Uint8Array) => listener(message);
    this.#listener = own;
    if (!this.#inbox.isEmpty) queueMicrotask(() => this.#drain());
    return () => {
      if (this.#listener === own) this.#listener = undefined;
    };
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    const own = (close: TransportClose) => listener(close);
    this.#closeListeners.add(own);
    const close = this.#ended;
    if (close !== undefined) queueMicrotask(() => this.#tell(close));
    return () => {
      this.#closeListeners.delete(own);
    };
  }

  close(code?: string, reason?: string): Promise<void> {
    if (this.#farewell !== undefined) {
      this.#end(this.#farewell.close);
    } else if (this.state === "open") {
      this.#closing = { code, reason };
      this.#stopTaking();
      this.#lane.carry({ close: this.#closing }, 0);
    }
    return this.#whenTold;
  }

  break(): void {
    this.fail(new SyncError("TRANSPORT_CLOSED", "the line broke"));
  }

  /** Ends the line at both sides at once; what is on its way is lost. The error is for this one. */
  fail(error: SyncError): void {
    if (this.#ended !== undefined) return;
    const other = this.#other;
    this.#end({ error });
    const told = new SyncError("TRANSPORT_CLOSED", "the line broke");
    other.#end({ error: told, code: error.code });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(parcel: Parcel): void {
    if (parcel === BREAK) this.break();
    else if (!(parcel instanceof Uint8Array)) this.#receiveFarewell(parcel);
    else if (this.state === "closed") return;
    else if (this.#listener !== undefined && this.#inbox.isEmpty)
      this.#take(parcel, this.#listener);
    else this.#inbox.push(parcel);
  }

  #receiveFarewell(farewell: Farewell): void {
    this.#other.#end(farewell.close);
    this.#farewell = farewell;
    // There will never be room. The end is told only after the messages that wait here, which may be
    // after a send that waits.
    this.#rejectWaiters();
    // When both said farewell, neither waits for its own to arrive where nobody takes it.
    if (this.#closing !== undefined) this.#end(this.#closing);
    else if (this.#inbox.isEmpty) this.#end(farewell.close);
  }

  #take(message: Uint8Array, listener: (message: Uint8Array) => void): void {
    this.#other.#release(message);
    try {
      listener(message);
    } catch (error) {
      this.fail(new SyncError("INTERNAL", "a listener of messages threw", { cause: error }));
    }
  }

  #drain(): void {
    while (this.#listener !== undefined) {
      const message = this.#inbox.shift();
      if (message === undefined) break;
      this.#take(message, this.#listener);
    }
    if (this.#farewell !== undefined && this.#inbox.isEmpty) this.#end(this.#farewell.close);
  }

  #release(message: Uint8Array): void {
    this.#waitingBytes -= message.length + MESSAGE_COST_BYTES;
    if (this.#waitingBytes > this.#fullBytes) return;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  #rejectWaiters(): void {
    for (const { reject } of this.#waiters.splice(0)) reject(lineClosed());
  }

  #stopTaking(): void {
    this.#listener = undefined;
    this.#inbox.clear();
  }

  #end(close: TransportClose): void {
    if (this.#ended !== undefined) return;
    this.#ended = close;
    this.#stopTaking();
    this.#lane.end();
    this.#rejectWaiters();
    queueMicrotask(() => {
      this.#tell(close);
      this.#told();
    });
  }

  #tell(close: TransportClose): void {
    for (const listener of this.#closeListeners) {
      this.#closeListeners.delete(listener);
      try {
        listener(close);
      } catch (error) {
        // Neither the line's fault nor the other listeners': the platform's way with what nobody catches.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** The receiver's own copy, the only one that is made. */
function joined(head: Uint8Array, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(head.length + body.length);
  message.set(head);
  message.set(body, head.length);
  return message;
}

function lineClosed(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the line is closed");
}

function frameTooLarge(bytes: number, max: number): SyncError {
  return new SyncError("FRAME_TOO_LARGE", "a message larger than maxFrameBytes", {
    details: { limit: "maxFrameBytes", max, bytes },
  });
}

function queueFull(max: number): SyncError {
  return new SyncError("LIMIT_EXCEEDED", "more is waiting than maxQueueBytes", {
    details: { limit: "maxQueueBytes", max },
  });
}
