/** Jobs of a store: so many at a time, and none after it was closed. */
import { SyncError } from "@datahike-sync/edn";

export class Work {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Running or waiting. */
  #accepted = 0;
  #closed: Promise<void> | undefined;
  #drained: () => void = () => undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws {SyncError} `STORE_CLOSED`. */
  check(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw new SyncError("STORE_CLOSED", "the store was closed");
  }

  /**
   * The job's result. What was accepted before the store was closed runs to its end, unless its
   * signal is aborted before it begins.
   */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.check(signal);
    this.#accepted++;
    try {
      if (this.#running < this.#limit) this.#running++;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
      try {
        signal?.throwIfAborted();
        return await job();
      } finally {
        const next = this.#waiting.shift();
        if (next === undefined) this.#running--;
        else next();
      }
    } finally {
      this.#accepted--;
      if (this.#accepted === 0) this.#drained();
    }
  }

  /** Resolves when everything accepted has ended. */
  close(): Promise<void> {
    this.#closed ??=
      this.#accepted === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            this.#drained = resolve;
          });
    return this.#closed;
  }
}

/** Runs the job on every item, `ahead` at a time, and yields the results in the items' order. */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  ahead: number,
  job: (item: T) => Promise<R>,
): AsyncGenerator<R, undefined> {
  const started: Promise<R>[] = [];
  for (const item of items) {
    const first = started.length < ahead ? undefined : started.shift();
    if (first !== undefined) yield first;
    const result = job(item);
    // Nobody may wait for it: the reader stops early, or an earlier one fails.
    result.catch(() => undefined);
    started.push(result);
  }
  for (const result of started) yield result;
}
