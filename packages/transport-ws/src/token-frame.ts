import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { tokenOf } from "./protocols.ts";

/** What somebody unknown may send before the token is whole. */
const MAX_UNKNOWN_BYTES = 64 * 2 ** 10;

/** Waits for the token that a line begins with, and keeps who sends it from being expensive. */
export class TokenFrame {
  /**
   * `undefined` when the time is over, or the socket was closed. Nothing more is read from then on,
   * until the WebSocket is resumed.
   */
  readonly token: Promise<string | undefined>;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #leave = () => this.#settle(undefined);
  #resolve: (token: string | undefined) => void = () => {};
  #isSettled = false;
  #bytes = 0;

  constructor(webSocket: WebSocket, socket: Socket, timeoutMs: number) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.token = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = setTimeout(this.#leave, timeoutMs);
    socket.on("data", this.#count);
    socket.on("close", this.#leave);
  }

  /** Takes a text frame. Tells whether it had its place. */
  take(text: string): boolean {
    const token = tokenOf(text);
    if (this.#isSettled || token === undefined) return false;
    this.#settle(token);
    return true;
  }

  /** A message may be as large as `maxFrameBytes`, and that is too much for nobody. */
  readonly #count = ({ length }: Uint8Array) => {
    this.#bytes += length;
    if (this.#bytes > MAX_UNKNOWN_BYTES) this.#webSocket.terminate();
  };

  #settle(token: string | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#socket.off("data", this.#count);
    this.#socket.off("close", this.#leave);
    this.#webSocket.pause();
    this.#resolve(token);
  }
}
