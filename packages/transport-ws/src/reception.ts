/** The way from an HTTP request to a line, and who is turned away on it. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { SyncError, type TransportLimits } from "@datahike-sync/core";
import { type WebSocket, WebSocketServer } from "ws";
import {
  bearerOf,
  bringsToken,
  FORBIDDEN,
  isOriginAllowed,
  NO_PROTOCOL,
  type Origins,
  offeredProtocols,
  type Refusal,
  refuse,
  UNAVAILABLE,
} from "./admission.ts";
import { type Authenticate, type Authentication, ask } from "./authentication.ts";
import { ServerPipe } from "./server-pipe.ts";
import { TokenFrame } from "./token-frame.ts";
import { type TextAs, WsLine } from "./ws-line.ts";

export interface ReceptionOptions extends TransportLimits {
  readonly protocols: readonly string[];
  readonly textAs: TextAs | undefined;
  readonly origins: Origins | undefined;
  readonly authenticate: Authenticate | undefined;
  readonly authenticateTimeoutMs: number;
  readonly deflate: boolean;
}

export interface ReceptionListener {
  /** Whether a line would be of use to anybody. */
  isOpen(): boolean;
  /** A line that somebody has, who may still be unknown. */
  onLine(line: WsLine, webSocket: WebSocket, socket: Socket): void;
  /** A line of somebody who may have it. */
  onGuest(line: WsLine, authentication: Authentication): void;
}

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #listener: ReceptionListener;
  readonly #handshakes: WebSocketServer;
  /** Of requests that are not answered yet. */
  readonly #waiting = new Set<Socket>();

  constructor(options: ReceptionOptions, listener: ReceptionListener) {
    const { protocols, maxFrameBytes, deflate } = options;
    this.#options = options;
    this.#listener = listener;
    this.#handshakes = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxFrameBytes,
      handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
      // A window that is kept from message to message costs each line more memory than it saves bytes.
      perMessageDeflate: deflate && {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
      },
    });
  }

  /** Takes a request to become a WebSocket. Never rejects. */
  async take(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return refuse(socket, refusal);
    if (bringsToken(request)) {
      const webSocket = this.#upgrade(request, socket, head);
      if (webSocket !== undefined) await this.#awaitToken(request, webSocket, socket);
      return;
    }
    const found = await this.#awaitAnswer(request, socket);
    const late = this.#refusalOf(request);
    if (late !== undefined) return refuse(socket, late);
    // Also for who is refused: of a close a browser tells the page the number, of HTTP no status.
    const webSocket = this.#upgrade(request, socket, head);
    if (webSocket === undefined) return;
    const peer = { address: addressOf(socket), principal: found?.principal };
    const pipe = new ServerPipe(webSocket, socket);
    const { textAs } = this.#options;
    const line = new WsLine({ pipe, peer, limits: this.#options, textAs });
    this.#listener.onLine(line, webSocket, socket);
    this.#answer(line, found);
  }

  /** Answers nobody any more. */
  end(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #refusalOf(request: IncomingMessage): Refusal | undefined {
    const { origins, protocols } = this.#options;
    if (!this.#listener.isOpen()) return UNAVAILABLE;
    if (!isOriginAllowed(request, origins)) return FORBIDDEN;
    if (protocols.length === 0) return undefined;
    const offered = offeredProtocols(request);
    return protocols.some((name) => offered.includes(name)) ? undefined : NO_PROTOCOL;
  }

  /** Finds out who it is while nothing is read of them but the request. */
  async #awaitAnswer(
    request: IncomingMessage,
    socket: Socket,
  ): Promise<Authentication | undefined> {
    const leave = () => socket.destroy();
    socket.on("error", leave);
    this.#waiting.add(socket);
    const found = await this.#authenticate(request, bearerOf(request));
    this.#waiting.delete(socket);
    socket.off("error", leave);
    return found;
  }

  async #awaitToken(request: IncomingMessage, webSocket: WebSocket, socket: Socket): Promise<void> {
    const pipe = new ServerPipe(webSocket, socket);
    const frame = new TokenFrame(webSocket, socket, this.#options.authenticateTimeoutMs);
    const peer: { address: string; principal: unknown } = {
      address: addressOf(socket),
      principal: undefined,
    };
    const line: WsLine = new WsLine({
      pipe,
      peer,
      limits: this.#options,
      onText: (text) => {
        if (!frame.take(text)) line.fail(new SyncError("PROTOCOL_VIOLATION", "not the token"));
      },
    });
    this.#listener.onLine(line, webSocket, socket);
    const token = await frame.token;
    const found = token === undefined ? undefined : await this.#authenticate(request, token);
    webSocket.resume();
    peer.principal = found?.principal;
    this.#answer(line, found);
  }

  async #authenticate(
    request: IncomingMessage,
    token: string | undefined,
  ): Promise<Authentication | undefined> {
    const { authenticate, authenticateTimeoutMs } = this.#options;
    if (authenticate === undefined) return ANYBODY;
    const { headers, url = "/", socket } = request;
    const about = { token, headers, url, address: addressOf(socket) };
    return ask(authenticate, about, authenticateTimeoutMs);
  }

  #answer(line: WsLine, found: Authentication | undefined): void {
    if (found === undefined) void line.close("UNAUTHORIZED");
    else if (line.state === "open") this.#listener.onGuest(line, found);
  }

  /** The WebSocket of a request; `undefined` for one that is not well formed, which was answered. */
  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): WebSocket | undefined {
    const made: WebSocket[] = [];
    this.#handshakes.handleUpgrade(request, socket, head, (webSocket) => made.push(webSocket));
    return made[0];
  }
}

/** Who has a line where nobody is asked who they are. */
const ANYBODY: Authentication = { principal: undefined };

function addressOf({ remoteAddress = "unknown", remotePort = 0 }: Socket): string {
  return remoteAddress.includes(":")
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}
