/** How much of what was sent may be unacknowledged, and for how long. */
import { SyncError } from "@datahike-sync/edn";
import type { Clock } from "../clock.ts";

export interface FlowOptions {
  /** The most bytes without an acknowledgement. */
  readonly windowBytes: number;
  /** How long the other side may take for the next one. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Something was acknowledged. */
  readonly onAck: () => void;
  /** The other side took longer. */
  readonly onTimeout: () => void;
}

export class Flow {
  readonly #options: FlowOptions;
  /** In order; those before `#at` are acknowledged. */
  #sent: SentBatch[] = [];
  #at = 0;
  #bytes = 0;
  #last = 0;
  /** Answers, other than acknowledgements, that the other side owes. */
  #owed = 0;
  /** When the other side last did something, or first had to. */
  #since = 0;
  #stopTimer: (() => void) | undefined;
  #isOver = false;

  constructor(options: FlowOptions) {
    this.#options = options;
  }

  /** Whether so many bytes may be sent now: one batch may always be on its way, however large. */
  hasRoom(bytes: number): boolean {
    return this.#isEmpty || this.#bytes + bytes <= this.#options.windowBytes;
  }

  /** How long the other side has owed something; 0 where it owes nothing. In milliseconds. */
  get silentMs(): number {
    return this.#stopTimer === undefined ? 0 : this.#options.clock.now() - this.#since;
  }

  /** Counts a batch that is being sent. Returns its number. */
  send(bytes: number): number {
    this.#wait();
    this.#last++;
    this.#bytes += bytes;
    this.#sent.push({ batch: this.#last, bytes });
    return this.#last;
  }

  /**
   * Everything up to this batch is acknowledged; perhaps it was before.
   *
   * @throws {SyncError} `PROTOCOL_VIOLATION` when that batch was never sent.
   */
  ack(batch: number): void {
    if (batch < 1 || batch > this.#last) {
      throw new SyncError("PROTOCOL_VIOLATION", "an acknowledgement of what was never sent", {
        details: { batch, last: this.#last },
      });
    }
    const { length } = this.#sent;
    const before = this.#at;
    for (let sent = this.#sent[this.#at]; sent !== undefined && sent.batch <= batch; ) {
      this.#bytes -= sent.bytes;
      sent = this.#sent[++this.#at];
    }
    if (this.#at === before) return;
    if (this.#at === length) this.#forget(length);
    else if (this.#at > FORGOTTEN) this.#forget(this.#at);
    this.#progress();
    this.#options.onAck();
  }

  /** The other side owes an answer to what is being sent. */
  expect(): void {
    this.#wait();
    this.#owed++;
  }

  /** That answer came. */
  answered(): void {
    this.#owed--;
    this.#progress();
  }

  /** Waits for nothing any more, nor for what is sent by somebody who has not noticed yet. */
  end(): void {
    this.#isOver = true;
    this.#rest();
  }

  get #isEmpty(): boolean {
    return this.#at === this.#sent.length;
  }

  /** Drops the first of those that were sent: they are acknowledged. */
  #forget(count: number): void {
    this.#sent.splice(0, count);
    this.#at -= count;
  }

  #progress(): void {
    this.#since = this.#options.clock.now();
    if (this.#isEmpty && this.#owed === 0) this.#rest();
  }

  #rest(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** From now on the other side has something to do, if it had not before. */
  #wait(): void {
    if (this.#stopTimer !== undefined || this.#isOver) return;
    this.#since = this.#options.clock.now();
    this.#setTimer(this.#options.timeoutMs);
  }

  /** One timer for many batches: it looks how long it has been, rather than being set for each. */
  #setTimer(delayMs: number): void {
    const { clock, timeoutMs, onTimeout } = this.#options;
    this.#stopTimer = clock.after(delayMs, () => {
      const left = this.#since + timeoutMs - clock.now();
      if (left > 0) this.#setTimer(left);
      else onTimeout();
    });
  }
}

interface SentBatch {
  readonly batch: number;
  readonly bytes: number;
}

/** How many that are acknowledged are kept before they are dropped together. */
const FORGOTTEN = 256;
