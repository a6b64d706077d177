import { SyncError, TRANSPORT_LIMITS, type TransportLimits } from "@datahike-sync/core";
import { ClientPipe, type WebSocketLike } from "./client-pipe.ts";
import { authFrame, DEFAULT_PROTOCOLS, TOKEN_PROTOCOL } from "./protocols.ts";
import { type TextAs, WsLine, type WsTransport } from "./ws-line.ts";

export interface WsDialerOptions extends Partial<TransportLimits> {
  /**
   * Default: the platform's. Node 20 has none: give it that of `ws`, which takes the third argument as
   * its options; others leave it unread.
   */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * Subprotocols, of which the server chooses one. Default: that of our own wire with msgpack. None, for
   * servers that know of no subprotocols.
   */
  readonly protocols?: readonly string[] | undefined;
  /** Makes messages of text frames. Default: a text frame is a violation of the protocol. */
  readonly textAs?: TextAs | undefined;
  /**
   * What the server is to know us by. A function is asked at each attempt, so that a token that has
   * expired is replaced. It is the first frame, and never part of the URL, which ends up in logs.
   */
  readonly token?: string | TokenSource | undefined;
  /** How long an attempt may take, that of the token included, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
}

export type TokenSource = (options: { readonly signal: AbortSignal }) => string | Promise<string>;

export type WebSocketConstructor = new (
  url: string,
  protocols: string[],
  options: { readonly maxPayload: number },
) => WebSocketLike;

/** What holds where an option is not given. */
export const WS_DIALER_DEFAULTS: TransportLimits & {
  readonly protocols: readonly string[];
  readonly connectTimeoutMs: number;
} = { ...TRANSPORT_LIMITS, protocols: DEFAULT_PROTOCOLS, connectTimeoutMs: 10_000 };

/** A `Dialer` of core whose lines can be broken. */
export type WsDialer = (options?: {
  readonly signal?: AbortSignal | undefined;
}) => Promise<WsTransport>;

/**
 * A dialer that makes one attempt to reach a server at a `ws:` or `wss:` URL. It rejects with
 * `TRANSPORT_CLOSED` when there is no line to be had in time, with the signal's reason when that
 * aborts, and with what `token` throws.
 *
 * @throws {TypeError} when the URL is of another kind, or the platform has no WebSocket and none is given.
 */
export function wsDialer(url: string | URL, options: WsDialerOptions = {}): WsDialer {
  const address = checkedUrl(url);
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (WebSocket === undefined) throw new TypeError("this platform has no WebSocket: give one");
  const { token, textAs } = options;
  const { maxFrameBytes, maxQueueBytes, connectTimeoutMs, protocols } = withDefaults(options);
  const offered = token === undefined ? [...protocols] : [...protocols, TOKEN_PROTOCOL];
  return async ({ signal } = {}) => {
    signal?.throwIfAborted();
    const attempt = new Attempt(connectTimeoutMs, signal);
    try {
      const secret =
        typeof token === "function" ? await attempt.wait(token({ signal: attempt.signal })) : token;
      const socket = new WebSocket(address, offered, { maxPayload: maxFrameBytes });
      return await attempt.opened(socket, () => {
        if (secret !== undefined) socket.send(authFrame(secret));
        return new WsLine({
          pipe: new ClientPipe(socket),
          peer: { address },
          limits: { maxFrameBytes, maxQueueBytes },
          textAs,
        });
      });
    } finally {
      attempt.end();
    }
  };
}

/** One attempt: bounded in time, and ended by who no longer wants it. */
class Attempt {
  /** Aborts with what the attempt rejects with. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #given: AbortSignal | undefined;
  readonly #leave = () => this.#abort.abort(this.#given?.reason);

  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.signal = this.#abort.signal;
    this.#given = signal;
    signal?.addEventListener("abort", this.#leave, { once: true });
    this.#timer = setTimeout(() => {
      this.#abort.abort(
        new SyncError("TRANSPORT_CLOSED", "no line within connectTimeoutMs", {
          details: { limit: "connectTimeoutMs", max: timeoutMs },
        }),
      );
    }, timeoutMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener("abort", this.#leave);
  }

  /** The value, or a rejection when the attempt ends before. */
  async wait<T>(value: T | Promise<T>): Promise<T> {
    let leave = () => {};
    const ended = new Promise<void>((resolve) => {
      leave = resolve;
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener("abort", leave, { once: true });
    });
    try {
      await Promise.race([value, ended]);
      this.signal.throwIfAborted();
      return await value;
    } finally {
      this.signal.removeEventListener("abort", leave);
    }
  }

  /** What `make` makes of the socket in the moment that it opens, before anything comes on it. */
  async opened<T>(socket: WebSocketLike, make: () => T): Promise<T> {
    socket.binaryType = "arraybuffer";
    const open = new Promise<T>((resolve, reject) => {
      let cause: unknown;
      socket.addEventListener("open", () => {
        if (!this.signal.aborted) resolve(make());
      });
      socket.addEventListener("error", (event) => {
        cause = "error" in event ? event.error : undefined;
      });
      socket.addEventListener("close", () => {
        reject(new SyncError("TRANSPORT_CLOSED", "there is no line to be had", { cause }));
      });
    });
    try {
      return await this.wait(open);
    } catch (error) {
      socket.close();
      throw error;
    }
  }
}

function withDefaults(options: WsDialerOptions): typeof WS_DIALER_DEFAULTS {
  return {
    maxFrameBytes: options.maxFrameBytes ?? WS_DIALER_DEFAULTS.maxFrameBytes,
    maxQueueBytes: options.maxQueueBytes ?? WS_DIALER_DEFAULTS.maxQueueBytes,
    protocols: options.protocols ?? WS_DIALER_DEFAULTS.protocols,
    connectTimeoutMs: options.connectTimeoutMs ?? WS_DIALER_DEFAULTS.connectTimeoutMs,
  };
}

function checkedUrl(url: string | URL): string {
  const { protocol, href, hash } = new URL(url);
  if ((protocol === "ws:" || protocol === "wss:") && hash === "") return href;
  throw new TypeError("a server is at a ws: or wss: URL without a fragment");
}
