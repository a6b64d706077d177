/** Reads a backend, and puts what was read into the frontend. */
import type { EncodedEntry, EntryMeta, Operation, Store } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import type { FeedWatch } from "./feed-watch.ts";
import type { Fills } from "./fills.ts";
import { type FrontendQueue, put, remove } from "./frontend-queue.ts";

export interface BackendReaderOptions {
  readonly backend: Store;
  readonly fills: Fills;
  readonly watch: FeedWatch;
  readonly queue: FrontendQueue;
  /** Whether the frontend takes such an entry now. */
  readonly takes: (key: Edn, meta: EntryMeta) => boolean;
  /** Whether the frontend may have what the backend does not. */
  readonly removesAbsent: boolean;
}

/** In the order asked for. */
type Entries = readonly (EncodedEntry | undefined)[];

/** What was read, and what of it is to be kept. */
interface Read {
  readonly entries: Entries;
  /** The last commit of that moment; 0 where the backend has no feed. */
  readonly last: number;
  readonly isGood: (at: number) => boolean;
  readonly takes: BackendReaderOptions["takes"];
}

export class BackendReader {
  readonly #options: BackendReaderOptions;

  constructor(options: BackendReaderOptions) {
    this.#options = options;
  }

  /** For somebody who waits for the values. The frontend gets them later, unless too much waits for it. */
  read(keys: readonly Edn[]): Promise<{ values: (Edn | undefined)[]; last: number }> {
    const { fills, queue, takes } = this.#options;
    return fills.during(keys, async (isGood) => {
      const { entries, last } = await this.#entries(keys);
      const values = entries.map((entry) => entry?.value.decode());
      if (queue.size <= MAX_WAITING) this.#keep(keys, values, { entries, last, isGood, takes });
      return { values, last };
    });
  }

  /** For the frontend alone, undecoded. Waits until it has them, which may be others than usual. */
  async fetch(
    keys: readonly Edn[],
    takes: BackendReaderOptions["takes"] = this.#options.takes,
  ): Promise<Entries> {
    if (keys.length === 0) return [];
    const { fills, queue } = this.#options;
    const entries = await fills.during(keys, async (isGood) => {
      const { entries, last } = await this.#entries(keys);
      const values = entries.map((entry) => entry?.value);
      this.#keep(keys, values, { entries, last, isGood, takes });
      return entries;
    });
    await queue.settled();
    return entries;
  }

  /** All of one moment. */
  async #entries(keys: readonly Edn[]): ReturnType<Store["readMany"]> {
    const { backend, watch } = this.#options;
    const begun = watch.begin();
    const read = backend.capabilities.feed
      ? await backend.readMany(keys)
      : { entries: await backend.getMany(keys, { encoded: true }), last: 0 };
    watch.note(read.last, begun);
    return read;
  }

  #keep(
    keys: readonly Edn[],
    values: readonly (Edn | EncodedEntry["value"] | undefined)[],
    { entries, last, isGood, takes }: Read,
  ): void {
    const { queue, removesAbsent } = this.#options;
    const operations: Operation[] = [];
    for (const [at, key] of keys.entries()) {
      const [entry, value] = [entries[at], values[at]];
      if (!isGood(at)) continue;
      if (entry === undefined || value === undefined) {
        if (removesAbsent) operations.push(remove(key));
      } else if (takes(key, entry)) operations.push(put(key, value, entry));
    }
    if (operations.length > 0) queue.add(operations, last);
  }
}

/** A frontend that is slower than its backend must not fill the memory with what waits for it. */
const MAX_WAITING = 4096;
