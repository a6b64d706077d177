/** What came for one subscription and waits for the store. */
import { identity, SyncError } from "@datahike-sync/edn";
import type {
  Batch,
  Complete,
  Failure,
  Offer,
  Reconcile,
  Resync,
  Subscribed,
} from "../protocol.ts";

/** What a primary says about one subscription. */
export type SubscriptionMessage =
  | Subscribed
  | Batch
  | Offer
  | Reconcile
  | Complete
  | Resync
  | Failure;

export interface Letter {
  readonly message: SubscriptionMessage;
  readonly body: Uint8Array;
  /** The bytes of all letters up to this one. */
  readonly until: number;
}

/**
 * Letters in the order in which they came, for one reader. Bounded by what the primary was allowed to
 * send: one that sends more does not keep to the window.
 */
export class Inbox {
  readonly #limitBytes: number;
  #letters: Letter[] = [];
  #received = 0;
  #done = 0;
  #isClosed = false;
  /** Whether the reader was woken since it looked the last time. */
  #isAwake = false;
  #wake: (() => void) | undefined;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get isEmpty(): boolean {
    return this.#letters.length === 0;
  }

  /** Whether what waited was dropped, and nothing will come any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws {SyncError} `PROTOCOL_VIOLATION` when more waits than was asked for. */
  put(message: SubscriptionMessage, body: Uint8Array): void {
    if (this.#isClosed) return;
    this.#received += weightOf(message, body);
    const isOver = this.#received - this.#done > this.#limitBytes;
    if (isOver || this.#letters.length >= MAX_LETTERS) {
      throw new SyncError("PROTOCOL_VIOLATION", "more was sent than the window has room for", {
        details: { limit: "windowBytes", max: this.#limitBytes },
      });
    }
    this.#letters.push({ message, body, until: this.#received });
    this.wake();
  }

  /** All that waits, as soon as there is something; nothing when the reader was woken for other reasons. */
  async take(): Promise<readonly Letter[]> {
    if (!this.#isAwake && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isAwake = false;
    const letters = this.#letters;
    this.#letters = [];
    return letters;
  }

  /** Says that a letter that was taken takes no more room. */
  done({ until }: Letter): void {
    this.#done = until;
  }

  /** Lets the reader look up. */
  wake(): void {
    this.#isAwake = true;
    this.#wake?.();
    this.#wake = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#letters = [];
    this.wake();
  }
}

/** However small they are: a letter takes memory beside what the window counts. */
const MAX_LETTERS = 2 ** 20;

/** What the primary counts of its window for the same message. */
function weightOf(message: SubscriptionMessage, body: Uint8Array): number {
  if (message.type !== "offer") return body.length;
  return message.keys.reduce<number>((sum, key) => sum + identity(key).length, 0);
}
