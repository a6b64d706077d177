/** EDN maps on a transport, as kabel frames them. */
import {
  type Codec,
  isSyncError,
  type Peer,
  SyncError,
  TRANSPORT_LIMITS,
  type Transport,
  type TransportClose,
} from "@datahike-sync/core";
import { type EdnMap, isKind } from "@datahike-sync/edn";
import type { Serialization } from "./frame-ids.ts";
import { Frames } from "./frames.ts";
import { agreedCodec, type Hello, helloMessage, isHello, readHello } from "./hello.ts";
import type { MessageLine, MessageListener } from "./message-line.ts";

export interface KabelLineOptions {
  /**
   * What frames are read in; written in the first, unless a hello of the other side agrees on another.
   * EDN text is always read. Default none: EDN text is written.
   */
  readonly codecs?: readonly Codec[] | undefined;
  /** The largest frame, either way, in bytes, looked at before it is decoded. Default 16 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /**
   * Whether to begin with a hello, which older peers leave unread. Default true; a peer that has no
   * codec but EDN text never does, since a hello cannot name that.
   */
  readonly hello?: boolean | undefined;
}

/** Speaks on a transport, which is the line's from now on. */
export function kabelLine(transport: Transport, options: KabelLineOptions = {}): MessageLine {
  return new KabelLine(transport, options);
}

class KabelLine implements MessageLine {
  readonly #transport: Transport;
  readonly #frames: Frames;
  readonly #hello: Hello | undefined;
  readonly #maxFrameBytes: number;
  #maxSentBytes: number;
  #serialization: Serialization;
  #isAgreed = false;
  /** Why this side ended the line. */
  #fault: SyncError | undefined;

  constructor(transport: Transport, options: KabelLineOptions) {
    const { codecs = [], maxFrameBytes = TRANSPORT_LIMITS.maxFrameBytes, hello = true } = options;
    this.#transport = transport;
    this.#frames = new Frames(codecs);
    this.#serialization = this.#frames.first;
    this.#maxFrameBytes = maxFrameBytes;
    this.#maxSentBytes = maxFrameBytes;
    const { serializations } = this.#frames;
    if (!hello || serializations.length === 0) return;
    this.#hello = { codecs: serializations, features: [], maxFrameBytes, isBinary: true };
    const { head, body } = this.#frames.encode(helloMessage(this.#hello), "pr-str");
    // A line that has ended already says so by itself.
    transport.send(head, body).catch(() => undefined);
  }

  get peer(): Peer {
    return this.#transport.peer;
  }

  /** Who is at the other end of a transport stays so. */
  onPeer(): () => void {
    return () => undefined;
  }

  get state(): "open" | "closed" {
    return this.#fault === undefined ? this.#transport.state : "closed";
  }

  async send(message: EdnMap): Promise<void> {
    const { head, body } = this.#frames.encode(message, this.#serialization);
    const bytes = head.length + body.length;
    if (bytes > this.#maxSentBytes) throw frameTooLarge(bytes, this.#maxSentBytes);
    await this.#transport.send(head, body);
  }

  onMessage(listener: MessageListener): () => void {
    return this.#transport.onMessage((frame) => {
      if (this.#fault !== undefined) return;
      try {
        this.#take(frame, listener);
      } catch (error) {
        this.fail(error);
      }
    });
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    return this.#transport.onClose((close) => {
      listener(this.#fault === undefined ? close : { ...close, error: this.#fault });
    });
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.#transport.close(code, reason);
  }

  fail(error: unknown): void {
    this.#fault ??= isSyncError(error)
      ? error
      : new SyncError("INTERNAL", "a listener of messages threw", { cause: error });
    void this.#transport.close(this.#fault.code);
  }

  #take(frame: Uint8Array, listener: MessageListener): void {
    if (frame.length > this.#maxFrameBytes) throw frameTooLarge(frame.length, this.#maxFrameBytes);
    const message = this.#frames.decode(frame);
    // What is no map has no type, and so is nobody's.
    if (!isKind(message, "map")) return;
    if (isHello(message)) this.#agree(message);
    else listener(message, frame.length);
  }

  /** A second hello changes nothing: frames that are on their way are written as the first one said. */
  #agree(message: EdnMap): void {
    if (this.#hello === undefined || this.#isAgreed) return;
    const theirs = readHello(message);
    this.#serialization = agreedCodec(this.#hello, theirs);
    this.#maxSentBytes = Math.min(this.#maxSentBytes, theirs.maxFrameBytes);
    this.#isAgreed = true;
  }
}

function frameTooLarge(bytes: number, max: number): SyncError {
  return new SyncError("FRAME_TOO_LARGE", "a frame larger than maxFrameBytes", {
    details: { limit: "maxFrameBytes", max, bytes },
  });
}
