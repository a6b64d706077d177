import type { Direction } from "./channel-options.ts";
import { Queue } from "./queue.ts";

/**
 * One direction of a channel: what is on its way, and when it arrives. Nothing arrives inside a call
 * of {@link Lane.carry}.
 */
export class Lane<T> {
  readonly #arrive: (item: T) => void;
  readonly #direction: Direction;
  readonly #isInstant: boolean;
  readonly #items = new Queue<T>();
  /** When each of the items arrives; empty where all do at once. */
  readonly #times = new Queue<number>();
  /** When everything so far will have left. */
  #freeAt = Number.NEGATIVE_INFINITY;
  #isAwaited = false;
  #cancelTimer: (() => void) | undefined;

  constructor(direction: Direction, arrive: (item: T) => void) {
    this.#arrive = arrive;
    this.#direction = direction;
    this.#isInstant = direction.latencyMs === 0 && direction.bytesPerSecond === Infinity;
  }

  carry(item: T, bytes: number): void {
    this.#items.push(item);
    if (!this.#isInstant) {
      const { clock, bytesPerSecond, latencyMs } = this.#direction;
      this.#freeAt = Math.max(clock.now(), this.#freeAt) + (bytes / bytesPerSecond) * 1000;
      this.#times.push(this.#freeAt + latencyMs);
    }
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    if (this.#isInstant) queueMicrotask(() => this.#arriveUntil(Infinity));
    else this.#awaitNext();
  }

  /** Everything on the way is lost. Nothing is to be carried any more. */
  end(): void {
    this.#items.clear();
    this.#times.clear();
    this.#cancelTimer?.();
  }

  #awaitNext(): void {
    const time = this.#times.peek();
    if (time === undefined) return;
    const { clock } = this.#direction;
    // A timer that fires a little early, or a sum that is rounded down, must not set it for ever again.
    const job = () => this.#arriveUntil(Math.max(clock.now(), time));
    this.#cancelTimer = clock.after(Math.max(0, time - clock.now()), job);
  }

  #arriveUntil(now: number): void {
    while (!this.#items.isEmpty && (this.#isInstant || (this.#times.peek() ?? now) <= now)) {
      this.#times.shift();
      const item = this.#items.shift();
      if (item !== undefined) this.#arrive(item);
    }
    this.#isAwaited = !this.#items.isEmpty;
    if (this.#isAwaited) this.#awaitNext();
  }
}
