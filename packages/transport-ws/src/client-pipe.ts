import type { Farewell, Pipe, PipeListener } from "./pipe.ts";

/** What is used of a WHATWG `WebSocket`. That of a browser, of Node 22 and of `ws` all are one. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: (event: object) => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
}

/** How often it is asked what has left, at first and at most: there is no event for it. */
const MIN_POLL_MS = 4;
const MAX_POLL_MS = 64;

/** A WebSocket that was dialled and is open. */
export class ClientPipe implements Pipe {
  readonly #socket: WebSocketLike;
  #listener: PipeListener | undefined;
  #isPolling = false;

  constructor(socket: WebSocketLike) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === OPEN;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  begin(listener: PipeListener): void {
    this.#listener = listener;
    const socket = this.#socket;
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") listener.onText(data);
      // `as`: what `binaryType` asks for.
      else listener.onMessage(new Uint8Array(data as ArrayBuffer));
    });
    socket.addEventListener("error", (event) => {
      // A browser does not say what it was, but ends the line at once.
      if ("error" in event) listener.onFault(event.error);
    });
    socket.addEventListener("close", ({ code: number, reason }) => {
      listener.onEnd({ number, reason });
    });
  }

  write(head: Uint8Array, body: Uint8Array, isWatched: boolean): number {
    const message = new Uint8Array(head.length + body.length);
    message.set(head);
    message.set(body, head.length);
    this.#socket.send(message);
    if (isWatched && !this.#isPolling) this.#poll(this.bufferedBytes, MIN_POLL_MS);
    return message.length;
  }

  close({ number, reason }: Farewell): void {
    this.#socket.close(number, reason);
  }

  destroy(farewell: Farewell): void {
    const socket = this.#socket;
    // That of `ws` can do what a browser's cannot.
    if ("terminate" in socket && typeof socket.terminate === "function") socket.terminate();
    else this.close(farewell);
  }

  /** Asks until all has left; less often while nothing moves. */
  #poll(before: number, delayMs: number): void {
    this.#isPolling = true;
    setTimeout(() => {
      const now = this.bufferedBytes;
      this.#isPolling = now > 0 && this.#socket.readyState !== CLOSED;
      if (this.#isPolling) this.#poll(now, now < before ? MIN_POLL_MS : longer(delayMs));
      this.#listener?.onFlush();
    }, delayMs);
  }
}

const OPEN = 1;
const CLOSED = 3;

function longer(delayMs: number): number {
  return Math.min(MAX_POLL_MS, delayMs * 2);
}
