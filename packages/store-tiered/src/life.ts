/** Whether a store is open, and how much is under way in it. */
import { SyncError } from "@datahike-sync/edn";

export class Life {
  #underWay = 0;
  #isClosed = false;
  #onIdle: () => void = () => undefined;

  /** @throws {SyncError} `STORE_CLOSED`. */
  check(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (this.#isClosed) throw new SyncError("STORE_CLOSED", "the store was closed");
  }

  /**
   * Something begins, and runs to its {@link Life.end} also when the store is closed meanwhile.
   *
   * @throws {SyncError} `STORE_CLOSED`.
   */
  begin(signal?: AbortSignal): void {
    this.check(signal);
    this.#underWay++;
  }

  end(): void {
    this.#underWay--;
    if (this.#underWay === 0) this.#onIdle();
  }

  /** The job's result. */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.begin(signal);
    try {
      const result = await job();
      signal?.throwIfAborted();
      return result;
    } finally {
      this.end();
    }
  }

  /** Nothing begins any more. Resolves when all that was begun has ended; called once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
