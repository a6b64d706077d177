/** A WebSocket as a line sees it: the same for those that were dialled and those that were taken. */

/** Carries messages. None of its methods calls a listener before it returns. */
export interface Pipe {
  /** Whether what is written now may arrive. */
  readonly isOpen: boolean;
  /** What was written and has not left this process, in bytes. */
  readonly bufferedBytes: number;
  /** Says who is told of everything. Called once, before anything is lost. */
  begin(listener: PipeListener): void;
  /**
   * Writes one message. Returns for how much it counts in `bufferedBytes`. With `isWatched`,
   * `onFlush` is called at least once more, when nothing of it is left.
   */
  write(head: Uint8Array, body: Uint8Array, isWatched: boolean): number;
  /** Begins the closing handshake, behind what was written. `onEnd` follows. */
  close(farewell: Farewell): void;
  /** Ends at once, and what was written is lost; where the platform cannot do that, closes. */
  destroy(farewell: Farewell): void;
}

export interface PipeListener {
  onMessage(message: Uint8Array): void;
  /** A text frame, which carries no message of a line. */
  onText(text: string): void;
  /** Some of what was written may have left. */
  onFlush(): void;
  /** What came can be none of a WebSocket's. The closing handshake has begun, and nothing else comes. */
  onFault(cause: unknown): void;
  /** Once, the last: with the number and reason of the closing handshake, or why there was none. */
  onEnd(end: PipeEnd): void;
}

/** What is said in a closing handshake. */
export interface Farewell {
  readonly number: number;
  /** At most 123 bytes. */
  readonly reason: string;
}

export interface PipeEnd {
  /** 1006 where there was no closing handshake. */
  readonly number: number;
  readonly reason: string;
}
