/** Acknowledgements of batches, sent so that they are heard. */
import type { Clock } from "@datahike-sync/core";

/** After the mark of the batch, and after that while nothing further comes. Milliseconds. */
const AFTER_MS: readonly number[] = [5, 100, 1000];

/**
 * A server that sends the mark of a batch before it listens for the answer loses one that comes at once,
 * and with it the handshake, half a minute later. So the answer comes after a few milliseconds, and again
 * while it seems to be lost; a second one for the same batch does nothing.
 */
export class Acks {
  readonly #clock: Clock;
  readonly #send: (batch: number) => void;
  readonly #isLost: boolean;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, losesFastAcks: boolean, send: (batch: number) => void) {
    this.#clock = clock;
    this.#isLost = losesFastAcks;
    this.#send = send;
  }

  /** All up to this batch was taken. */
  ack(batch: number): void {
    this.heard();
    if (this.#isLost) this.#sendAfter(batch, 0);
    else this.#send(batch);
  }

  /** Something came that follows an acknowledgement: the server goes on. */
  heard(): void {
    this.#cancel();
    this.#cancel = () => undefined;
  }

  #sendAfter(batch: number, attempt: number): void {
    const delayMs = AFTER_MS[attempt];
    if (delayMs === undefined) return;
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#send(batch);
      this.#sendAfter(batch, attempt + 1);
    });
  }
}
