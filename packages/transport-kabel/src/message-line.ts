/** A typed duplex line: EDN maps in and out. What middleware wraps, and what peers hold. */
import type { Peer, TransportClose } from "@datahike-sync/core";
import type { EdnMap } from "@datahike-sync/edn";

/** Takes one message. `bytes` is how large its frame was. */
export type MessageListener = (message: EdnMap, bytes: number) => void;

/**
 * A line that carries EDN maps whole and in order until it ends. Its rules are those of a `Transport`
 * of core: listeners are called synchronously and one after the other, messages that come while nobody
 * takes them wait, and an orderly end waits behind them.
 */
export interface MessageLine {
  readonly peer: Peer;
  /** Calls back when `peer` has become another. Returns the function that takes this listener off. */
  onPeer(listener: () => void): () => void;
  readonly state: "open" | "closed";
  /**
   * Resolves when there is room for another: awaiting it is the backpressure.
   *
   * @throws {SyncError} As `Transport.send`, and as `Codec.encode`, which leaves the line open.
   */
  send(message: EdnMap): Promise<void>;
  /** Sets who takes messages, in place of whoever did. Returns what takes this listener off. */
  onMessage(listener: MessageListener): () => void;
  /** Tells once how the line ended; soon, when it has ended already. */
  onClose(listener: (close: TransportClose) => void): () => void;
  /** Ends the line after what was sent. Never rejects. */
  close(code?: string, reason?: string): Promise<void>;
  /** Ends the line here at once with an error, of which the other end learns the code. */
  fail(error: Error): void;
}

/** What a {@link Middleware} does with what passes. Left out, everything passes. */
export interface Passage {
  /** A message from the other side: `pass` hands it, or another, to whoever comes next. */
  readonly receive?: ((message: EdnMap, bytes: number, pass: MessageListener) => void) | undefined;
  /** A message to the other side. */
  readonly send?:
    | ((message: EdnMap, pass: (message: EdnMap) => Promise<void>) => Promise<void>)
    | undefined;
  /** In place of the wrapped line's, whenever it is asked. */
  readonly peer?: (() => Peer) | undefined;
  /** Beside a `peer` that may become another. */
  readonly onPeer?: MessageLine["onPeer"] | undefined;
}

/** Wraps a line: looks at what passes, and may change, keep or add messages. */
export type Middleware = (line: MessageLine) => MessageLine;

/** All of them as one: the last is nearest to the wire, as in Clojure's `comp`. */
export function compose(...middleware: readonly Middleware[]): Middleware {
  return (line) => middleware.reduceRight((inner, wrap) => wrap(inner), line);
}

/** A line around a line. */
export function through(line: MessageLine, { receive, send, peer, onPeer }: Passage): MessageLine {
  return {
    get peer() {
      return peer?.() ?? line.peer;
    },
    onPeer: onPeer ?? ((listener) => line.onPeer(listener)),
    get state() {
      return line.state;
    },
    send: send === undefined ? (message) => line.send(message) : (message) => send(message, pass),
    onMessage: (listener) =>
      line.onMessage(
        receive === undefined ? listener : (message, bytes) => receive(message, bytes, listener),
      ),
    onClose: (listener) => line.onClose(listener),
    close: (code, reason) => line.close(code, reason),
    fail: (error) => line.fail(error),
  };

  function pass(message: EdnMap): Promise<void> {
    return line.send(message);
  }
}
