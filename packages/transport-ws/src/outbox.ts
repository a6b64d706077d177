/** What was sent and has not left: how much that is, and who waits until it is less. */
import { SyncError, type TransportLimits } from "@datahike-sync/core";
import type { Pipe } from "./pipe.ts";
import { Queue } from "./queue.ts";

/** What a message counts for beyond its bytes: about what the queues take. */
export const MESSAGE_COST_BYTES = 64;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: SyncError) => void;
}

export class Outbox {
  readonly #pipe: Pipe;
  readonly #maxBytes: number;
  /** From here on a sender waits: so much room is kept that who awaits can always send a message. */
  readonly #fullBytes: number;
  /** Of the messages that have not left, oldest first, what each counts for in the pipe. */
  readonly #sizes = new Queue<number>();
  #sizeSum = 0;
  #waiters: Waiter[] = [];

  constructor(pipe: Pipe, { maxFrameBytes, maxQueueBytes }: TransportLimits) {
    this.#pipe = pipe;
    this.#maxBytes = maxQueueBytes;
    const spare = maxQueueBytes - maxFrameBytes - MESSAGE_COST_BYTES;
    this.#fullBytes = Math.max(0, Math.min(maxQueueBytes / 4, spare));
  }

  /** Whether a message may be written. One may always, when nothing waits. */
  hasRoom(bytes: number): boolean {
    const cost = this.#cost();
    return cost === 0 || cost + bytes + MESSAGE_COST_BYTES <= this.#maxBytes;
  }

  /** Writes a message. Resolves when there is room for another. */
  write(head: Uint8Array, body: Uint8Array): Promise<void> {
    const bytes = head.length + body.length + MESSAGE_COST_BYTES;
    const isFull = this.#cost() + bytes > this.#fullBytes;
    const size = this.#pipe.write(head, body, isFull);
    this.#sizes.push(size);
    this.#sizeSum += size;
    if (!isFull) return READY;
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Lets those go on who wait, if there is room. */
  flushed(): void {
    if (this.#waiters.length === 0 || this.#cost() > this.#fullBytes) return;
    for (const { resolve } of this.#take()) resolve();
  }

  /** There will never be room. */
  end(): void {
    this.#sizes.clear();
    this.#sizeSum = 0;
    for (const { reject } of this.#take()) {
      reject(new SyncError("TRANSPORT_CLOSED", "the line ended before there was room"));
    }
  }

  /** What waits in the pipe, in bytes, with the cost of each message. */
  #cost(): number {
    const left = this.#pipe.bufferedBytes;
    let first = this.#sizes.peek();
    while (first !== undefined && this.#sizeSum - first >= left) {
      this.#sizes.shift();
      this.#sizeSum -= first;
      first = this.#sizes.peek();
    }
    return left + this.#sizes.length * MESSAGE_COST_BYTES;
  }

  #take(): Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }
}

const READY: Promise<void> = Promise.resolve();
