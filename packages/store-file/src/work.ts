/** Jobs of a store: so many at a time, and none after it was closed. */
import { SyncError } from "@datahike-sync/edn";

export class Work {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Not ended yet. */
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
   * The job's result, when it has its turn. What was accepted before the store was closed runs to its
   * end, unless its signal is aborted before it begins.
   */
  run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.accept(() => this.turn(job, signal), signal);
  }

  /** The result of a job that is waited for when the store is closed. */
  async accept<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.check(signal);
    this.#accepted++;
    try {
      return await job();
    } finally {
      this.#accepted--;
      if (this.#accepted === 0) this.#drained();
    }
  }

  /** Runs a job, or a part of one, when few enough others run. */
  async turn<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
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

/** How many files a store has open at a time. Node works on four at once; a few more keep them busy. */
export const FILES_AT_ONCE = 16;

/**
 * Runs the job on every item, several at a time. Resolves when all have ended; after one that fails no
 * more begin, and its error is thrown when those under way have ended.
 */
export async function forEach<T>(
  items: readonly T[],
  job: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const failures: unknown[] = [];
  const work = async () => {
    for (const item of left) {
      if (failures.length > 0) return;
      await job(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(FILES_AT_ONCE, items.length) }, work));
  if (failures.length > 0) throw failures[0];
}
