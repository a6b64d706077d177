/** A disk that loses what was not synced, and a driver on it. */
import {
  type CommitOptions,
  type DriverOperation,
  type DriverRange,
  type DriverReader,
  type ScanOptions,
  type StoreDriver,
  SyncError,
} from "@datahike-sync/core";
import { sameBytes } from "../check.ts";
import { Journal } from "./journal.ts";

export interface CrashDiskOptions {
  /** At least 0, below 1: what decides how long things take and what is lost. */
  readonly random: () => number;
  /** Whether it takes one opener at a time, and has no snapshots. Default false. */
  readonly exclusive?: boolean | undefined;
  /** Whether every commit is synced. Default `"barrier"`. */
  readonly durability?: StoreDriver["durability"] | undefined;
}

type Rows = Map<string, Uint8Array>;

/**
 * Keeps commits in a journal. A crash keeps what was synced and, of the rest, any subset of its
 * sectors, torn at any byte; what is opened afterwards has the commits before the first that is damaged.
 */
export class CrashDisk {
  readonly #options: CrashDiskOptions;
  #journal = new Journal();
  #rows: Rows = new Map();
  /** The drivers that are open. What was opened before a crash is no more. */
  #openers = new Set<object>();

  constructor(options: CrashDiskOptions) {
    this.#options = options;
  }

  /** @throws {SyncError} `STORE_LOCKED`. */
  async open(): Promise<StoreDriver> {
    const { exclusive = false, durability = "barrier" } = this.#options;
    if (exclusive && this.#openers.size > 0) {
      throw new SyncError("STORE_LOCKED", "the disk takes one opener at a time");
    }
    const opener = {};
    this.#openers.add(opener);
    const current: DriverReader<Uint8Array> = {
      getMany: (keys) => this.#later(opener, () => getMany(this.#rows, keys)),
      scan: (range, options) => this.#later(opener, () => scan(this.#rows, range, options)),
    };
    return {
      exclusive,
      durability,
      ...current,
      get: (key) => this.#later(opener, () => this.#rows.get(key)),
      commit: (operations, options) => this.#later(opener, () => this.#commit(operations, options)),
      ...(!exclusive && { read: (job) => this.#read(opener, job) }),
      close: async () => void this.#openers.delete(opener),
      destroy: () =>
        this.#later(opener, () => {
          this.#openers.delete(opener);
          this.#journal.clear();
          this.#rows = new Map();
        }),
    };
  }

  /** As if the power failed. Whatever is under way at its drivers never ends. */
  crash(): void {
    this.#openers = new Set();
    this.#journal.crash(this.#options.random);
    this.#replay();
  }

  /** Keeps what is there, and returns what brings it back while nobody has it open. */
  backup(): () => void {
    const journal = this.#journal.copy();
    return () => {
      this.#openers = new Set();
      this.#journal = journal.copy();
      this.#replay();
    };
  }

  #replay(): void {
    this.#rows = new Map();
    for (const operations of this.#journal.read()) apply(this.#rows, operations);
  }

  #commit(
    operations: readonly DriverOperation<Uint8Array>[],
    { expect, durable }: CommitOptions<Uint8Array>,
  ): boolean {
    if (expect !== undefined && !isSame(this.#rows.get(expect.key), expect.row)) return false;
    this.#journal.append(operations);
    if (durable || this.#options.durability === "commit") this.#journal.sync();
    apply(this.#rows, operations);
    return true;
  }

  async #read<T>(
    opener: object,
    job: (snapshot: DriverReader<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const rows = new Map(this.#rows);
    return job({
      getMany: (keys) => this.#later(opener, () => getMany(rows, keys)),
      scan: (range, options) => this.#later(opener, () => scan(rows, range, options)),
    });
  }

  /** Does something a little later, or never: where the power failed meanwhile. */
  async #later<T>(opener: object, job: () => T): Promise<T> {
    for (let turns = Math.floor(this.#options.random() * 4); turns > 0; turns--) {
      await Promise.resolve();
    }
    if (!this.#openers.has(opener)) return new Promise(() => undefined);
    return job();
  }
}

function apply(rows: Rows, operations: readonly DriverOperation<Uint8Array>[]): void {
  for (const { key, row } of operations) {
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
  }
}

function getMany(rows: Rows, keys: readonly string[]): (Uint8Array | undefined)[] {
  return keys.map((key) => rows.get(key));
}

function scan(
  rows: Rows,
  { gt, gte, lt }: DriverRange,
  { limit, reverse = false }: ScanOptions,
): [string, Uint8Array][] {
  const found = [...rows].filter(
    ([key]) => key < lt && (gt === undefined || key > gt) && (gte === undefined || key >= gte),
  );
  found.sort(([a], [b]) => (a < b === reverse ? 1 : -1));
  return found.slice(0, limit);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}
