import {
  type Peer,
  SyncError,
  type Transport,
  type TransportClose,
  type TransportLimits,
} from "@datahike-sync/core";
import { broken, closeOf, failureOf, farewellOf, NO_HANDSHAKE } from "./close-codes.ts";
import { MESSAGE_COST_BYTES, Outbox } from "./outbox.ts";
import type { Farewell, Pipe, PipeEnd } from "./pipe.ts";
import { Queue } from "./queue.ts";

/** A line over a WebSocket. */
export interface WsTransport extends Transport {
  /**
   * Breaks the line as a cut cable does: its socket is destroyed without a farewell, and this side is
   * told `TRANSPORT_CLOSED`. A browser's WebSocket can only be closed, behind what was sent. Does
   * nothing to a line that has ended.
   */
  break(): void;
}

export interface WsLineOptions {
  readonly pipe: Pipe;
  readonly peer: Peer;
  readonly limits: TransportLimits;
  /** Takes text frames. Default: they become messages by `textAs`. */
  readonly onText?: ((text: string) => void) | undefined;
  /** Makes messages of text frames. Default: they are a violation of the protocol. */
  readonly textAs?: TextAs | undefined;
}

/** Makes a message of a text frame, for protocols that have both. */
export type TextAs = (text: string) => Uint8Array;

/** So long may a closing handshake stay without an answer while nothing of what was sent leaves. */
const CLOSE_TIMEOUT_MS = 5000;

/** The contract of a line, over a pipe of either side. */
export class WsLine implements WsTransport {
  readonly peer: Peer;
  readonly #pipe: Pipe;
  readonly #limits: TransportLimits;
  readonly #outbox: Outbox;

  #listener: ((message: Uint8Array) => void) | undefined;
  /** What came while nobody took messages. */
  readonly #inbox = new Queue<Uint8Array>();
  #inboxBytes = 0;

  /** What `close` was called with. */
  #closing: TransportClose | undefined;
  #partTimer: ReturnType<typeof setTimeout> | undefined;
  /** How the other end closed the line, while messages that it sent before still wait. */
  #farewell: TransportClose | undefined;
  #ended: TransportClose | undefined;
  readonly #closeListeners = new Set<(close: TransportClose) => void>();
  readonly #whenTold: Promise<void>;
  #told: () => void = () => {};

  constructor({ pipe, peer, limits, textAs, onText }: WsLineOptions) {
    this.peer = peer;
    this.#pipe = pipe;
    this.#limits = limits;
    this.#outbox = new Outbox(pipe, limits);
    this.#whenTold = new Promise((resolve) => {
      this.#told = resolve;
    });
    pipe.begin({
      onMessage: (message) => this.#receive(message),
      onText: onText ?? ((text) => this.#receiveText(text, textAs)),
      onFlush: () => this.#outbox.flushed(),
      onFault: (cause) => this.#giveUp(cause),
      onEnd: (end) => this.#leave(end),
    });
  }

  get state(): "open" | "closed" {
    const isOpen = this.#closing === undefined && this.#ended === undefined;
    return isOpen && this.#pipe.isOpen ? "open" : "closed";
  }

  send(head: Uint8Array, body: Uint8Array = NOTHING): Promise<void> {
    if (this.state === "closed") return Promise.reject(lineClosed());
    const bytes = head.length + body.length;
    const { maxFrameBytes } = this.#limits;
    if (bytes > maxFrameBytes) return Promise.reject(frameTooLarge(bytes, maxFrameBytes));
    if (!this.#outbox.hasRoom(bytes)) {
      const error = this.#queueFull();
      this.#end({ error });
      // A farewell would have to wait behind all that the other end does not take.
      this.#pipe.destroy(failureOf(error.code));
      return Promise.reject(error);
    }
    return this.#outbox.write(head, body);
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    // A function of its own, so that setting the same one twice makes two that are taken off apart.
    const own = (message: Uint8Array) => listener(message);
    this.#listener = own;
    if (this.#inbox.length > 0) queueMicrotask(() => this.#drain());
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
      this.#end(this.#farewell);
    } else if (this.#closing === undefined && this.#ended === undefined) {
      this.#closing = { code, reason };
      this.#stopTaking();
      this.#outbox.end();
      this.#part(farewellOf(code, reason));
    }
    return this.#whenTold;
  }

  break(): void {
    if (this.#ended !== undefined) return;
    const error = broken();
    this.#end({ error });
    this.#pipe.destroy(failureOf(error.code));
  }

  /** Ends the line here at once with an error, of which the other end learns the code. */
  fail(error: SyncError): void {
    if (this.#ended !== undefined) return;
    this.#end({ error });
    this.#part(failureOf(error.code));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(message: Uint8Array): void {
    if (this.#closing !== undefined || this.#ended !== undefined) return;
    const { maxFrameBytes, maxQueueBytes } = this.#limits;
    if (message.length > maxFrameBytes) {
      return this.fail(frameTooLarge(message.length, maxFrameBytes));
    }
    if (this.#listener !== undefined && this.#inbox.length === 0) {
      return this.#take(message, this.#listener);
    }
    const bytes = this.#inboxBytes + message.length + MESSAGE_COST_BYTES;
    if (this.#inbox.length > 0 && bytes > maxQueueBytes) return this.fail(this.#queueFull());
    this.#inbox.push(message);
    this.#inboxBytes = bytes;
  }

  #receiveText(text: string, textAs: TextAs | undefined): void {
    if (textAs !== undefined) this.#receive(textAs(text));
    else this.fail(violation("a text frame in the midst of messages"));
  }

  #drain(): void {
    while (this.#listener !== undefined) {
      const message = this.#inbox.shift();
      if (message === undefined) break;
      this.#inboxBytes -= message.length + MESSAGE_COST_BYTES;
      this.#take(message, this.#listener);
    }
    if (this.#farewell !== undefined && this.#inbox.length === 0) this.#end(this.#farewell);
  }

  #take(message: Uint8Array, listener: (message: Uint8Array) => void): void {
    try {
      listener(message);
    } catch (error) {
      this.fail(new SyncError("INTERNAL", "a listener of messages threw", { cause: error }));
    }
  }

  #leave(end: PipeEnd): void {
    clearTimeout(this.#partTimer);
    if (this.#ended !== undefined) return;
    if (this.#closing !== undefined) {
      if (end.number !== NO_HANDSHAKE) return this.#end(this.#closing);
      return this.#end({ ...this.#closing, error: broken() });
    }
    const close = closeOf(end);
    if (close.error !== undefined || this.#inbox.length === 0) return this.#end(close);
    this.#farewell = close;
    // There will never be room, and the end is told only after the messages that wait here.
    this.#outbox.end();
  }

  #part(farewell: Farewell): void {
    this.#pipe.close(farewell);
    this.#awaitAnswer();
  }

  #giveUp(cause: unknown): void {
    this.#end({ ...this.#closing, error: broken(cause) });
    this.#awaitAnswer();
  }

  /** Gives up when the other end neither answers nor takes what was sent before. */
  #awaitAnswer(): void {
    const left = this.#pipe.bufferedBytes;
    clearTimeout(this.#partTimer);
    this.#partTimer = setTimeout(() => {
      if (this.#pipe.bufferedBytes < left) return this.#awaitAnswer();
      const error = broken();
      this.#end({ ...this.#closing, error });
      this.#pipe.destroy(failureOf(error.code));
    }, CLOSE_TIMEOUT_MS);
  }

  #stopTaking(): void {
    this.#listener = undefined;
    this.#inbox.clear();
    this.#inboxBytes = 0;
  }

  #end(close: TransportClose): void {
    if (this.#ended !== undefined) return;
    this.#ended = close;
    this.#stopTaking();
    this.#outbox.end();
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

  #queueFull(): SyncError {
    const { maxQueueBytes: max } = this.#limits;
    return new SyncError("LIMIT_EXCEEDED", "more is waiting than maxQueueBytes", {
      details: { limit: "maxQueueBytes", max },
    });
  }
}

const NOTHING = new Uint8Array(0);

function lineClosed(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the line is closed");
}

function frameTooLarge(bytes: number, max: number): SyncError {
  return new SyncError("FRAME_TOO_LARGE", "a message larger than maxFrameBytes", {
    details: { limit: "maxFrameBytes", max, bytes },
  });
}

function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}
