/** The native dialect, with something between it and its transport, its listener or its line. */
import {
  type Dialect,
  type DialectTraits,
  type Line,
  type LineListener,
  type LineOptions,
  NATIVE_DIALECT,
  type Transport,
  type TransportClose,
} from "@datahike-sync/core";

type Frame = Uint8Array;
type Message = Parameters<LineListener["onMessage"]>[0];

export class BrokenDialect implements Dialect {
  readonly name: string = NATIVE_DIALECT.name;
  readonly traits: DialectTraits = NATIVE_DIALECT.traits;

  open(transport: Transport, options: LineOptions, listener: LineListener): Line {
    const own = this.transport(transport, options, listener);
    const inner = NATIVE_DIALECT.open(own, this.options(options), this.listener(listener, options));
    return this.line(inner, listener);
  }

  transport(transport: Transport, _options: LineOptions, _listener: LineListener): Transport {
    return transport;
  }

  options(options: LineOptions): LineOptions {
    return options;
  }

  listener(listener: LineListener, _options: LineOptions): LineListener {
    return listener;
  }

  line(line: Line, _listener: LineListener): Line {
    return line;
  }
}

/** A transport that does what another does, but for what a subclass says. */
export class WrappedTransport implements Transport {
  readonly inner: Transport;

  constructor(inner: Transport) {
    this.inner = inner;
  }

  get peer(): Transport["peer"] {
    return this.inner.peer;
  }

  get state(): Transport["state"] {
    return this.inner.state;
  }

  send(head: Frame, body?: Frame): Promise<void> {
    return this.inner.send(head, body);
  }

  onMessage(listener: (frame: Frame) => void): () => void {
    return this.inner.onMessage((frame) => this.take(frame, listener));
  }

  take(frame: Frame, listener: (frame: Frame) => void): void {
    listener(frame);
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    return this.inner.onClose(listener);
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.inner.close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A line that does what another does, but for what a subclass says. */
export class WrappedLine implements Line {
  readonly inner: Line;
  readonly codec: Line["codec"];
  readonly traits: DialectTraits;

  constructor(inner: Line) {
    this.inner = inner;
    this.codec = inner.codec;
    this.traits = inner.traits;
  }

  get peer(): Line["peer"] {
    return this.inner.peer;
  }

  get isClosed(): boolean {
    return this.inner.isClosed;
  }

  send(message: Message, body?: Uint8Array): Promise<void> {
    return this.inner.send(message, body);
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.inner.close(code, reason);
  }
}

/** A listener that tells another, but for what `changes` says. */
export function telling(listener: LineListener, changes: Partial<LineListener>): LineListener {
  return {
    onAgreed: (agreement) => listener.onAgreed(agreement),
    onMessage: (message, body) => listener.onMessage(message, body),
    onClose: (close) => listener.onClose(close),
    ...changes,
  };
}
