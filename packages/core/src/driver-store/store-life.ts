/** Whether a store is open, and what is under way in it. */
import { SyncError } from "@datahike-sync/edn";

export class StoreLife {
  #underWay = 0;
  #closed = false;
  #idle: () => void = () => undefined;

  /** @throws {SyncError} `STORE_CLOSED`. */
  check(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (this.#closed) throw new SyncError("STORE_CLOSED", "the store was closed");
  }

  /** The job's result. What was begun before the store was closed runs to its end. */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.check(signal);
    this.#underWay++;
    try {
      const result = await job();
      signal?.throwIfAborted();
      return result;
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#idle();
    }
  }

  /** Nothing begins any more. Resolves when all that was begun has ended; called once. */
  async end(): Promise<void> {
    this.#closed = true;
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }
}
