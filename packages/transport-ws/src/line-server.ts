import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { SyncError } from "@datahike-sync/core";
import type { WebSocket } from "ws";
import { refuse, UNAVAILABLE } from "./admission.ts";
import { type Authentication, at } from "./authentication.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Reception, type ReceptionOptions } from "./reception.ts";
import type { WsLine, WsTransport } from "./ws-line.ts";
import type { DrainOptions, WsServer } from "./ws-server.ts";

/** What a server stands on: an HTTP server of its own, or a path of another's. */
export interface Ground {
  readonly address: string;
  /** Takes no more requests. Resolves when nothing is left of those that it took. */
  leave(): Promise<void>;
}

export interface LineServerOptions extends ReceptionOptions {
  readonly maxLines: number;
  readonly pingMs: number;
}

/** Keeps the lines that were taken until they end. */
export class LineServer implements WsServer {
  readonly #ground: Ground;
  readonly #maxLines: number;
  readonly #reception: Reception;
  readonly #heartbeat: Heartbeat;
  readonly #lines = new Set<WsLine>();
  /** Those of them that nobody listens to yet. */
  readonly #strangers = new Set<WsLine>();
  /** Of requests and of lines, also of those that have ended and whose other end has not taken its leave. */
  readonly #sockets = new Set<Socket>();
  readonly #listeners = new Set<(transport: WsTransport) => void>();
  #isDraining = false;
  #closed: Promise<void> | undefined;

  constructor(options: LineServerOptions, ground: Ground) {
    this.#ground = ground;
    this.#maxLines = options.maxLines;
    this.#heartbeat = new Heartbeat(options.pingMs);
    this.#reception = new Reception(options, {
      isOpen: () => this.#isOpen,
      onLine: (...line) => this.#keep(...line),
      onGuest: (...guest) => this.#handOut(...guest),
    });
  }

  get address(): string {
    return this.#ground.address;
  }

  onConnection(listener: (transport: WsTransport) => void): () => void {
    const own = (transport: WsTransport) => listener(transport);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  async drain({ overMs = 5000 }: DrainOptions = {}): Promise<void> {
    this.#isDraining = true;
    await Promise.all(Array.from(this.#lines, (line) => leaveWithin(line, overMs)));
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Takes a request to become a WebSocket. */
  take(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.#sockets.size >= this.#maxLines) return refuse(socket, UNAVAILABLE);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    void this.#reception.take(request, socket, head);
  }

  get #isOpen(): boolean {
    return !this.#isDraining && this.#listeners.size > 0;
  }

  #keep(line: WsLine, webSocket: WebSocket, socket: Socket): void {
    const stopWatch = this.#heartbeat.watch(webSocket, socket, () => {
      line.fail(new SyncError("HEARTBEAT_TIMEOUT", "the other side no longer answers"));
      // It is told why, should it be there, and not waited for.
      webSocket.terminate();
    });
    this.#lines.add(line);
    this.#strangers.add(line);
    line.onClose(() => {
      stopWatch();
      this.#lines.delete(line);
      this.#strangers.delete(line);
    });
  }

  #handOut(line: WsLine, { expiresAt }: Authentication): void {
    this.#strangers.delete(line);
    if (!this.#isOpen) return void line.close("RETRY_LATER");
    if (expiresAt !== undefined) {
      line.onClose(at(expiresAt, () => void line.close("UNAUTHORIZED", "the credentials expired")));
    }
    try {
      for (const listener of this.#listeners) listener(line);
    } catch (error) {
      line.fail(new SyncError("INTERNAL", "a listener of connections threw", { cause: error }));
    }
  }

  async #end(): Promise<void> {
    this.#isDraining = true;
    this.#reception.end();
    this.#heartbeat.end();
    const left = this.#ground.leave();
    // What they say is not read before they are known, nor would it be that they take their leave.
    for (const line of this.#strangers) line.break();
    await Promise.all(Array.from(this.#lines, (line) => line.close()));
    for (const socket of this.#sockets) socket.destroy();
    await left;
  }
}

/** Sends a line elsewhere at some moment of the next `overMs`. Resolves when it has ended. */
async function leaveWithin(line: WsLine, overMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => void line.close("RETRY_LATER"), Math.random() * overMs);
    line.onClose(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
