/** The dialect author's page: how what the engine says is spelled on a line. */
import type { Codec } from "./codec.ts";
import type { Message } from "./protocol.ts";
import type { Peer, Transport, TransportClose } from "./transport.ts";

/** What a dialect can say; where it cannot, the engine does otherwise. */
export interface DialectTraits {
  /** Whether the boundaries of commits are on the wire. */
  readonly commits: boolean;
  /** Who tells a node from a cell: the wire, or the replica's walker. */
  readonly classes: "wire" | "walker";
  /** Whether a primary may begin a step anew with a message, or has to close the line. */
  readonly resync: "message" | "close";
  /** Whether count and fingerprint of a catch-up are compared. */
  readonly verify: boolean;
}

/** Which side of a line somebody is: who opens it follows, who takes it serves. */
export type Role = "primary" | "replica";

/** What both ends of a line have agreed on. */
export interface Agreement {
  /** The largest frame that the other side takes, in bytes. */
  readonly maxFrameBytes: number;
  /** The largest window, in bytes: the smaller of both. */
  readonly maxWindowBytes: number;
  /** How often the primary pings, in milliseconds. */
  readonly pingMs: number;
}

/** What this side says of itself when a line begins. */
export interface LineOptions {
  readonly role: Role;
  /** Of heads, keys and values on this line. */
  readonly codec: Codec;
  readonly maxFrameBytes: number;
  readonly maxWindowBytes: number;
  readonly pingMs: number;
}

/** Takes what comes on a line. Called synchronously, one message after the other. */
export interface LineListener {
  /** Once, before any message. */
  onAgreed(agreement: Agreement): void;
  /**
   * `body` is empty but in a batch. Throws a SyncError to end the line with its code, of which the
   * other side learns nothing else; whatever else it throws ends the line with `INTERNAL`.
   */
  onMessage(message: Message, body: Uint8Array): void;
  /** The other side has said anew who it is: `Line.peer` is another. A primary asks again what it may have. */
  onPeer?(): void;
  /** Once, the last: with an error, unless either side closed the line without a code. */
  onClose(close: TransportClose): void;
}

/** A line on which messages are spoken. */
export interface Line {
  readonly peer: Peer;
  readonly codec: Codec;
  readonly traits: DialectTraits;
  /** Whether the line is over: what is sent now goes nowhere. */
  readonly isClosed: boolean;
  /**
   * Sends a message behind what was sent before. Resolves when there is room for another; `body` may
   * be on other lines too. An `error` without `id` ends the line at the other side.
   *
   * @throws {SyncError} As `Transport.send`, with `FRAME_TOO_LARGE` also for a message that the other
   * side would not take, and as `Codec.encode`; the line goes on after either.
   */
  send(message: Message, body?: Uint8Array): Promise<void>;
  /** Ends the line, telling the other side why where the dialect can. */
  close(code?: string, reason?: string): Promise<void>;
}

/** Spells messages on a transport. */
export interface Dialect {
  readonly name: string;
  readonly traits: DialectTraits;
  /** Begins to speak. The listener is called from the first message on, never within this call. */
  open(transport: Transport, options: LineOptions, listener: LineListener): Line;
}
