/** A line as simple as one can be: what keeps the contract, for those that break one rule of it. */
import {
  type Peer,
  SyncError,
  type Transport,
  type TransportClose,
  type TransportLimits,
} from "@datahike-sync/core";

export type Message = Uint8Array;
type Waiter = { readonly resolve: () => void; readonly reject: (error: SyncError) => void };

export class PlainEnd implements Transport {
  readonly peer: Peer = {};
  readonly limits: TransportLimits;
  other: PlainEnd = this;
  state: "open" | "closed" = "open";
  listener: ((message: Message) => void) | undefined;
  inbox: Message[] = [];
  farewell: TransportClose | undefined;
  end: TransportClose | undefined;
  closeListeners: ((close: TransportClose) => void)[] = [];
  waitingBytes = 0;
  waiters: Waiter[] = [];
  whenTold: Promise<void>;
  told: () => void = () => {};

  constructor(limits: TransportLimits) {
    this.limits = limits;
    this.whenTold = new Promise((resolve) => {
      this.told = resolve;
    });
  }

  send(head: Uint8Array, body: Uint8Array = new Uint8Array(0)): Promise<void> {
    if (this.state === "closed") return Promise.reject(closed());
    const message = this.join(head, body);
    const { maxFrameBytes, maxQueueBytes } = this.limits;
    if (message.length > maxFrameBytes) return this.refuse(message.length);
    if (this.waitingBytes > 0 && this.waitingBytes + message.length > maxQueueBytes) {
      const error = new SyncError("LIMIT_EXCEEDED", "too much is waiting");
      this.fail(error);
      return Promise.reject(error);
    }
    this.waitingBytes += message.length;
    this.later(() => this.other.receive(message));
    if (this.hasRoom()) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  onMessage(listener: (message: Message) => void): () => void {
    this.listener = listener;
    this.later(() => this.drain());
    return () => {
      if (this.listener === listener) this.listener = undefined;
    };
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    this.closeListeners.push(listener);
    if (this.end !== undefined) this.later(() => this.tell());
    return () => {
      this.closeListeners = this.closeListeners.filter((other) => other !== listener);
    };
  }

  close(code?: string, reason?: string): Promise<void> {
    if (this.state === "open") {
      this.state = "closed";
      this.later(() => {
        this.finish({ code, reason });
        this.other.farewell = { code, reason };
        this.other.dropWaiters();
        this.other.drain();
      });
    }
    return this.whenTold;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  join(head: Uint8Array, body: Uint8Array): Message {
    const message = new Uint8Array(head.length + body.length);
    message.set(head);
    message.set(body, head.length);
    return message;
  }

  /** Everything that arrives or is told comes through here. */
  later(job: () => void): void {
    queueMicrotask(job);
  }

  hasRoom(): boolean {
    return this.waitingBytes + this.limits.maxFrameBytes <= this.limits.maxQueueBytes;
  }

  refuse(bytes: number): Promise<void> {
    return Promise.reject(new SyncError("FRAME_TOO_LARGE", `${bytes} bytes`));
  }

  receive(message: Message): void {
    this.inbox.push(message);
    this.drain();
  }

  drain(): void {
    while (this.listener !== undefined && this.state === "open") {
      const message = this.inbox.shift();
      if (message === undefined) break;
      this.other.release(message);
      this.take(message, this.listener);
    }
    if (this.farewell !== undefined && this.inbox.length === 0) this.finish(this.farewell);
  }

  take(message: Message, listener: (message: Message) => void): void {
    try {
      listener(message);
    } catch (cause) {
      this.fail(new SyncError("INTERNAL", "a listener threw", { cause }));
    }
  }

  release(message: Message): void {
    this.waitingBytes -= message.length;
    if (this.hasRoom()) for (const { resolve } of this.waiters.splice(0)) resolve();
  }

  break(): void {
    this.fail(new SyncError("TRANSPORT_CLOSED", "the line broke"));
  }

  fail(error: SyncError): void {
    this.finish({ error });
    this.other.finish({ error: new SyncError("TRANSPORT_CLOSED", "the line broke") });
  }

  finish(end: TransportClose): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.state = "closed";
    this.inbox = [];
    this.dropWaiters();
    this.later(() => {
      this.tell();
      this.told();
    });
  }

  dropWaiters(): void {
    for (const { reject } of this.waiters.splice(0)) reject(closed());
  }

  tell(): void {
    if (this.end === undefined) return;
    for (const listener of this.closeListeners.splice(0)) listener(this.end);
  }
}

function closed(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the line is closed");
}
