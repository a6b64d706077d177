/** Our own spelling: every message is a frame of its own, as `protocol.ts` says. */
import { isSyncError, SyncError } from "@datahike-sync/edn";
import type { Codec } from "./codec.ts";
import type {
  Agreement,
  Dialect,
  DialectTraits,
  Line,
  LineListener,
  LineOptions,
  Role,
} from "./dialect.ts";
import { ERROR_CODES, type SyncErrorCode } from "./errors.ts";
import { type Failure, type Hello, MESSAGES, type Message } from "./protocol.ts";
import type { Peer, Transport, TransportClose } from "./transport.ts";
import { decodeFrame, encodeHead, type Frame } from "./wire/frame.ts";

/** The dialect in which two contexts of this package speak. */
export const NATIVE_DIALECT: Dialect = {
  name: "native",
  traits: { commits: true, classes: "wire", resync: "message", verify: true },
  open: (transport, options, listener) => new NativeLine(transport, options, listener),
};

/** Of the protocol that `protocol.ts` describes. */
const VERSION = 1;

class NativeLine implements Line {
  readonly traits: DialectTraits = NATIVE_DIALECT.traits;
  readonly codec: Codec;
  readonly #transport: Transport;
  readonly #options: LineOptions;
  readonly #listener: LineListener;
  #agreement: Agreement | undefined;
  #isClosed = false;
  /** Why this side, or in its last message the other, ended the line. */
  #error: SyncError | undefined;

  constructor(transport: Transport, options: LineOptions, listener: LineListener) {
    this.codec = options.codec;
    this.#transport = transport;
    this.#options = options;
    this.#listener = listener;
    transport.onClose((close) => this.#end(close));
    transport.onMessage((frame) => this.#take(frame));
    this.send(helloOf(options)).catch((error: unknown) => {
      // Without a hello the other side would wait for ever. How a line ended is told as it was.
      if (!this.isClosed) this.#fail(error);
    });
  }

  get peer(): Peer {
    return this.#transport.peer;
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#transport.state === "closed";
  }

  /** Async, so that what the codec refuses rejects, as what the transport refuses does. */
  async send(message: Message, body?: Uint8Array): Promise<void> {
    const head = encodeHead(message, this.codec);
    const bytes = head.length + (body?.length ?? 0);
    // The other side would end the line over it, with all its subscriptions.
    if (this.#agreement !== undefined) checkSize(bytes, this.#agreement.maxFrameBytes);
    await this.#transport.send(head, body);
  }

  async close(code?: string, reason?: string): Promise<void> {
    if (!this.#isClosed && code !== undefined) {
      this.#error ??= new SyncError(code, reason ?? messageOf(code));
      // Not every transport carries a code, so it is the last message too.
      this.send(failureOf(code)).catch(() => undefined);
    }
    this.#isClosed = true;
    await this.#transport.close(code, reason);
  }

  #take(frame: Uint8Array): void {
    // A frame of a line that is over belongs to nobody: its subscription may be on another by now.
    if (this.#isClosed) return;
    try {
      const { message, body } = this.#read(frame);
      if (message.type === "hello") this.#agree(message);
      else if (this.#agreement === undefined) throw violation(`${message.type} before hello`);
      else if (message.type === "error" && message.id === undefined) this.#obey(message);
      else this.#listener.onMessage(message, body);
    } catch (error) {
      this.#fail(error);
    }
  }

  #read(frame: Uint8Array): Frame {
    const { codec, role, maxFrameBytes } = this.#options;
    checkSize(frame.length, maxFrameBytes);
    try {
      return decodeFrame(frame, codec, OTHER[role]);
    } catch (error) {
      const isHello = this.#agreement === undefined && frame[0] === MESSAGES.hello.id;
      // A cause is the codec's word, or that of the fields in what it made of the bytes.
      if (!isHello || !isSyncError(error, "PROTOCOL_VIOLATION") || error.cause === undefined) {
        throw error;
      }
      const text = `the other side's hello is not in ${codec.name}`;
      throw new SyncError("UNKNOWN_CODEC", text, { cause: error });
    }
  }

  #agree({ version, codec, maxFrame, maxWindow, pingMs }: Hello): void {
    if (this.#agreement !== undefined) throw violation("a second hello");
    if (version !== VERSION) {
      throw new SyncError("UNKNOWN_MESSAGE", "another version of the protocol", {
        details: { version },
      });
    }
    // The bytes of a hello may be the same in two codecs that differ in others.
    if (codec !== this.codec.name) {
      throw new SyncError("UNKNOWN_CODEC", "the other side has another codec");
    }
    const { role, maxWindowBytes, pingMs: own } = this.#options;
    this.#agreement = {
      maxFrameBytes: maxFrame,
      maxWindowBytes: Math.min(maxWindow, maxWindowBytes),
      pingMs: role === "primary" ? own : pingMs,
    };
    this.#listener.onAgreed(this.#agreement);
  }

  /** The other side says that the line has failed: nothing that it sends behind this counts. */
  #obey({ code, message }: Failure): void {
    this.#error ??= new SyncError(code, message);
    void this.close();
  }

  #fail(error: unknown): void {
    const known = isSyncError(error)
      ? error
      : new SyncError("INTERNAL", "a listener or the codec threw", { cause: error });
    this.#error ??= known;
    void this.close(known.code, messageOf(known.code));
  }

  #end({ error, code, reason }: TransportClose): void {
    this.#isClosed = true;
    const own = this.#error;
    this.#listener.onClose({
      error: own ?? error,
      // What the other side said says more than how the line looked from here.
      code: own?.code ?? code ?? error?.code,
      reason,
    });
  }
}

const OTHER: Readonly<Record<Role, Role>> = { primary: "replica", replica: "primary" };

/** What a peer may know of an error: what the code means, and nothing of this machine. */
function messageOf(code: string): string {
  return Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as SyncErrorCode] : "an error";
}

/** The same two ends will fall out over these again. */
const LASTING: readonly string[] = ["PROTOCOL_VIOLATION", "UNKNOWN_CODEC", "UNKNOWN_MESSAGE"];

function failureOf(code: string): Failure {
  return {
    type: "error",
    id: undefined,
    code,
    message: messageOf(code),
    retryable: !LASTING.includes(code),
    afterMs: undefined,
  };
}

function helloOf({ codec, maxFrameBytes, maxWindowBytes, pingMs }: LineOptions): Hello {
  return {
    type: "hello",
    version: VERSION,
    codec: codec.name,
    features: [],
    maxFrame: maxFrameBytes,
    maxWindow: maxWindowBytes,
    pingMs,
  };
}

function checkSize(bytes: number, max: number): void {
  if (bytes <= max) return;
  throw new SyncError("FRAME_TOO_LARGE", "a message larger than maxFrameBytes", {
    details: { limit: "maxFrameBytes", max, bytes },
  });
}

function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}
