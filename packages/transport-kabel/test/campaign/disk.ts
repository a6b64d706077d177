/** A disk that loses what was not synced, whose calls take their time and never end for the dead. */
import type {
  CommitOptions,
  DriverOperation,
  DriverRange,
  DriverReader,
  ScanOptions,
  StoreDriver,
} from "@datahike-sync/core";
import type { Life } from "./timeline.ts";
import type { World } from "./world.ts";

export interface OpenDiskOptions {
  readonly world: World;
  readonly life: Life;
  /** How long a call takes; asked each time, before it is done and behind it. */
  readonly delayMs: (call: "read" | "commit", isDone: boolean) => number;
  /** Told of each commit, before it is made and behind it. Who dies of it is never told the result. */
  readonly onCommit?: ((isMade: boolean) => void) | undefined;
}

type Rows = Map<string, Uint8Array>;
type Operations = readonly DriverOperation<Uint8Array>[];

export class Disk {
  readonly #durability: StoreDriver["durability"];
  #rows: Rows = new Map();
  #sorted: readonly string[] | undefined;
  readonly #synced: Rows = new Map();
  /** Commits of which a failure of power leaves some first ones. */
  #unsynced: Operations[] = [];
  /** Who reads one moment, so that the next commit leaves the rows alone. */
  #snapshots = 0;

  constructor(durability: StoreDriver["durability"] = "barrier") {
    this.#durability = durability;
  }

  open(options: OpenDiskOptions): StoreDriver {
    const { world, life, delayMs, onCommit } = options;
    const readerOf = (rows: () => Rows): DriverReader<Uint8Array> => ({
      getMany: (keys) => later("read", () => keys.map((key) => rows().get(key))),
      scan: (range, how) => later("read", () => this.#scan(rows(), range, how)),
    });
    return {
      exclusive: false,
      durability: this.#durability,
      ...readerOf(() => this.#rows),
      get: (key) => later("read", () => this.#rows.get(key)),
      commit: (operations, how) =>
        later("commit", () => {
          onCommit?.(false);
          if (life.isOver) return false;
          const isMade = this.#commit(operations, how);
          onCommit?.(true);
          return isMade;
        }),
      read: async (job) => {
        const rows = this.#rows;
        this.#snapshots++;
        try {
          return await job(readerOf(() => rows));
        } finally {
          this.#snapshots--;
        }
      },
      close: () => Promise.resolve(),
      destroy: () => Promise.reject(new TypeError("no disk of this world is erased")),
    };

    async function later<T>(call: "read" | "commit", job: () => T): Promise<T> {
      const [beforeMs, behindMs] = [delayMs(call, false), delayMs(call, true)];
      if (beforeMs > 0) await world.sleep(life, beforeMs);
      if (life.isOver) return never();
      const result = job();
      if (behindMs > 0) await world.sleep(life, behindMs);
      return life.isOver ? never() : result;
    }
  }

  /** As if the power failed. */
  crash(random: () => number): void {
    this.#unsynced.length = Math.floor(random() * (this.#unsynced.length + 1));
    this.#sync();
    this.#rows = new Map(this.#synced);
    this.#sorted = undefined;
  }

  #commit(operations: Operations, { expect, durable }: CommitOptions<Uint8Array>): boolean {
    if (expect !== undefined && !isSame(this.#rows.get(expect.key), expect.row)) return false;
    if (this.#snapshots > 0) this.#rows = new Map(this.#rows);
    this.#unsynced.push(operations);
    if (durable || this.#durability === "commit") this.#sync();
    const before = this.#rows.size;
    const isKnown = operations.every(({ key, row }) => row !== undefined && this.#rows.has(key));
    apply(this.#rows, operations);
    if (!isKnown || this.#rows.size !== before) this.#sorted = undefined;
    return true;
  }

  #sync(): void {
    for (const operations of this.#unsynced.splice(0)) apply(this.#synced, operations);
  }

  #scan(
    rows: Rows,
    { gt, gte, lt }: DriverRange,
    { limit, reverse = false }: ScanOptions,
  ): [string, Uint8Array][] {
    const isNow = rows === this.#rows;
    const sorted = (isNow ? this.#sorted : undefined) ?? [...rows.keys()].sort();
    if (isNow) this.#sorted = sorted;
    const keys = sorted.filter(
      (key) => key < lt && (gt === undefined || key > gt) && (gte === undefined || key >= gte),
    );
    if (reverse) keys.reverse();
    return keys.slice(0, limit).flatMap((key) => {
      const row = rows.get(key);
      return row === undefined ? [] : [[key, row]];
    });
  }
}

function apply(rows: Rows, operations: Operations): void {
  for (const { key, row } of operations) {
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
