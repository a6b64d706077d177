/** One direction of a line: so many bytes a second, each so much later. */

export interface LinkOptions {
  readonly delayMs: number;
  /** `Infinity` for no bound. */
  readonly bytesPerMs: number;
  /** Takes bytes at the far end. */
  readonly deliver: (bytes: Uint8Array) => void;
  /** There is room again after {@link Link.push} said that there was not. */
  readonly onRoom: () => void;
}

/** What a packet holds: bytes that are on their way together. */
const PACKET_BYTES = 1448;

/** What waits in front of the link at most; beyond it the sender has to wait, as before a router. */
const QUEUE_BYTES = 2 ** 18;

interface Packet {
  readonly bytes: Uint8Array;
  /** When its last byte has left the queue. */
  readonly leavesMs: number;
}

/**
 * Packets wait for each other in front of the link, and then travel side by side: so the delay takes
 * nothing from the rate, however much is on its way.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #packets: Packet[] = [];
  /** The packets before it are delivered. */
  #first = 0;
  /** When the last packet will have left the queue. */
  #freeMs = 0;
  #isWaiting = false;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Sends bytes. False where the sender has to wait until `onRoom`. */
  push(bytes: Uint8Array): boolean {
    const { bytesPerMs, delayMs, deliver } = this.#options;
    if (bytesPerMs === Number.POSITIVE_INFINITY && delayMs === 0) {
      deliver(bytes);
      return true;
    }
    this.#freeMs = Math.max(this.#freeMs, performance.now());
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      const packet = bytes.subarray(at, at + PACKET_BYTES);
      this.#freeMs += packet.length / bytesPerMs;
      this.#packets.push({ bytes: packet, leavesMs: this.#freeMs });
    }
    this.#schedule();
    this.#isWaiting = this.#waitMs() > 0;
    return !this.#isWaiting;
  }

  /** Calls back when all that was pushed is delivered. */
  end(onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    this.#schedule();
  }

  /** Loses what is on its way. */
  cut(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#packets.length = 0;
    this.#first = 0;
    this.#onEmpty = undefined;
  }

  /** How long until the queue is short enough to be added to. */
  #waitMs(): number {
    const { bytesPerMs } = this.#options;
    return this.#freeMs - performance.now() - QUEUE_BYTES / bytesPerMs;
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const next = this.#packets[this.#first];
    if (next === undefined) {
      this.#onEmpty?.();
      return;
    }
    const inMs = next.leavesMs + this.#options.delayMs - performance.now();
    this.#timer = setTimeout(() => this.#run(), Math.max(0, inMs));
  }

  #run(): void {
    this.#timer = undefined;
    const nowMs = performance.now() - this.#options.delayMs;
    const due: Uint8Array[] = [];
    for (;;) {
      const packet = this.#packets[this.#first];
      if (packet === undefined || packet.leavesMs > nowMs) break;
      due.push(packet.bytes);
      this.#first++;
    }
    if (this.#first > MAX_DELIVERED) {
      this.#packets.splice(0, this.#first);
      this.#first = 0;
    }
    if (due.length > 0) this.#options.deliver(Buffer.concat(due));
    if (this.#isWaiting && this.#waitMs() <= 0) {
      this.#isWaiting = false;
      this.#options.onRoom();
    }
    this.#schedule();
  }
}

/** So many delivered packets are kept, so that not all are moved for each. */
const MAX_DELIVERED = 1024;
