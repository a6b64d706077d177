/** The transport author's page: a line between two peers. */
import type { SyncError } from "@datahike-sync/edn";

/** Who is at the other end, as far as the transport found out. Never sent to anyone. */
export interface Peer {
  /** Where the line comes from, for logs. */
  readonly address?: string | undefined;
  /** What authentication made of the other side's credentials; absent where it had none. */
  readonly principal?: unknown;
}

/** How a line ended. */
export interface TransportClose {
  /** Absent when either side closed it in order. */
  readonly error?: SyncError | undefined;
  /**
   * The code that was given to {@link Transport.close}, here or there, where the line carries it. The
   * code of the error that ended the line at the other side, where that side could still tell.
   */
  readonly code?: string | undefined;
  /** What was given to {@link Transport.close} beside the code. */
  readonly reason?: string | undefined;
}

/**
 * A line that carries messages whole and in order until it ends. When either side closes it, what that
 * side sent before arrives first; when it breaks, what was on its way is lost.
 *
 * Listeners are called synchronously, one message after the other, and never inside a call of a method
 * of the same line. A message listener that throws closes the line with `INTERNAL`; what an `onClose`
 * listener throws is thrown again on its own, after all others were told.
 */
export interface Transport extends AsyncDisposable {
  readonly peer: Peer;
  /**
   * `"closed"` from the moment that this side closed the line or learned that it has ended. When the
   * other side closed it in order, the messages that wait here are still to be taken.
   */
  readonly state: "open" | "closed";
  /**
   * Sends one message: `head`, then `body` right behind it. Resolves when there is room for another:
   * awaiting it is the backpressure; who awaits each never meets the limit of the queue. `head` is the
   * transport's from now on; `body` may be on its way on other lines too, and nobody changes it.
   *
   * @throws {SyncError} `TRANSPORT_CLOSED`, also when the line ends before there is room, and the
   * message may have arrived; `FRAME_TOO_LARGE` for a message beyond
   * {@link TransportLimits.maxFrameBytes}, which leaves the line open; `LIMIT_EXCEEDED` when more is
   * waiting than {@link TransportLimits.maxQueueBytes}, which breaks it.
   */
  send(head: Uint8Array, body?: Uint8Array): Promise<void>;
  /**
   * Sets who takes the messages of the other end, in place of whoever did. Messages that come while
   * nobody does wait, up to `maxQueueBytes`, and an orderly end waits behind them. The bytes belong to
   * the listener. Returns the function that takes this listener off.
   */
  onMessage(listener: (message: Uint8Array) => void): () => void;
  /**
   * Tells once how the line ended; soon, when it has ended already. Any number of listeners. Returns
   * the function that takes this one off.
   */
  onClose(listener: (close: TransportClose) => void): () => void;
  /**
   * Ends the line after what was sent; no message is taken here any more. Resolves when the line has
   * ended and `onClose` was told; never rejects. May be called again. `code` and `reason` reach the
   * other end where the line carries them; they are public.
   */
  close(code?: string, reason?: string): Promise<void>;
}

/** Bounds of a line, checked before anything is allocated. */
export interface TransportLimits {
  /** The largest message, in bytes, either way. Default 16 MiB. */
  readonly maxFrameBytes: number;
  /**
   * The most that waits to be sent, or to be taken, in bytes; but one message may always wait. Each
   * counts for more than it holds, so that empty ones are bounded too. Default 64 MiB.
   */
  readonly maxQueueBytes: number;
}

/** What holds unless options say otherwise. */
export const TRANSPORT_LIMITS: TransportLimits = {
  maxFrameBytes: 16 * 2 ** 20,
  maxQueueBytes: 64 * 2 ** 20,
};

/** Hands out the lines that others open. */
export interface TransportServer extends AsyncDisposable {
  /** Where it can be reached, in the form that its dialer takes. */
  readonly address: string;
  /**
   * Called for each new line, before any of its messages is lost. One that throws closes the line with
   * `INTERNAL`. Returns the stop function.
   */
  onConnection(listener: (transport: Transport) => void): () => void;
  /** Takes no more lines and closes those that are open. */
  close(): Promise<void>;
}

/**
 * Opens a line. Called again for each attempt to reconnect; rejects when there is none to be had. The
 * messages of the other end wait for whoever awaited it.
 */
export type Dialer = (options?: {
  readonly signal?: AbortSignal | undefined;
}) => Promise<Transport>;
