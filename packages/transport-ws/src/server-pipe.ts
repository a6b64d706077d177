import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Farewell, Pipe, PipeListener } from "./pipe.ts";

/** From this size on it is cheaper to give the system two pieces than to copy the body behind the head. */
const JOINED_BYTES = 4096;

/** A WebSocket that was taken, and the socket below it. */
export class ServerPipe implements Pipe {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #isDeflated: boolean;
  #onFlush: () => void = () => {};

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#isDeflated = webSocket.extensions.includes("permessage-deflate");
    // Exact arrays, that keep nothing else of what was read in memory.
    webSocket.binaryType = "arraybuffer";
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  begin(listener: PipeListener): void {
    this.#onFlush = () => listener.onFlush();
    this.#webSocket.on("message", (data, isBinary) => {
      // `as`: what `binaryType` asks for; text is always a Buffer.
      if (isBinary) listener.onMessage(new Uint8Array(data as ArrayBuffer));
      else listener.onText((data as Buffer).toString());
    });
    this.#webSocket.on("error", (error) => listener.onFault(error));
    this.#webSocket.on("close", (number, reason) => {
      listener.onEnd({ number, reason: reason.toString() });
    });
  }

  /**
   * Writes the frame itself, where nothing else is between: `ws` would make two of head and body, or
   * one with a copy of the body for each line that it is sent on.
   */
  write(head: Uint8Array, body: Uint8Array, isWatched: boolean): number {
    const onFlush = isWatched ? this.#onFlush : undefined;
    if (this.#isDeflated) {
      const message = Buffer.concat([head, body]);
      this.#webSocket.send(message, { binary: true, compress: true }, onFlush);
      return message.length;
    }
    const isJoined = body.length < JOINED_BYTES;
    const frame = frameOf(head, body, isJoined);
    if (isJoined) {
      this.#socket.write(frame, onFlush);
      return frame.length;
    }
    this.#socket.cork();
    this.#socket.write(frame);
    this.#socket.write(body, onFlush);
    this.#socket.uncork();
    return frame.length + body.length;
  }

  close({ number, reason }: Farewell): void {
    this.#webSocket.close(number, reason);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}

/** The header of a frame that is a whole binary message, with the head, and where it is joined the body. */
function frameOf(head: Uint8Array, body: Uint8Array, isJoined: boolean): Buffer {
  const length = head.length + body.length;
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = headerBytes + head.length + (isJoined ? body.length : 0);
  const frame = Buffer.allocUnsafe(bytes);
  frame[0] = FINAL_BINARY;
  if (headerBytes === 2) {
    frame[1] = length;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  frame.set(head, headerBytes);
  if (isJoined) frame.set(body, headerBytes + head.length);
  return frame;
}

const FINAL_BINARY = 0x82;
