/** An ordered map in memory, and what it was a moment ago. */
import type { DriverOperation, DriverRange, DriverReader, ScanOptions } from "@datahike-sync/core";
import { SortedKeys } from "./sorted-keys.ts";

/**
 * What drivers in memory keep. It outlives them: open another on it, beside the first or after it was
 * closed, as one would with a file.
 */
export class MemoryMap<Row> {
  #rows = new Map<string, Row>();
  #keys = new SortedKeys();
  /** One for each job that is reading. */
  readonly #snapshots = new Set<MemorySnapshot<Row>>();

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  /** Rows in a range, as they are now. */
  scan(range: DriverRange, options: ScanOptions): [key: string, row: Row][] {
    const found: [key: string, row: Row][] = [];
    for (const key of keysIn(this.#keys, range, options.reverse === true)) {
      if (found.length >= options.limit) break;
      found.push([key, this.#rows.get(key) as Row]);
    }
    return found;
  }

  apply(operations: readonly DriverOperation<Row>[]): void {
    for (const snapshot of this.#snapshots) {
      for (const { key } of operations) snapshot.remember(key, this.#rows.get(key));
    }
    for (const { key, row } of operations) {
      if (row === undefined) {
        if (this.#rows.delete(key)) this.#keys.delete(key);
        continue;
      }
      const { size } = this.#rows;
      this.#rows.set(key, row);
      if (this.#rows.size > size) this.#keys.add(key);
    }
  }

  /** Runs a job on the map as it is now. */
  async read<T>(job: (snapshot: DriverReader<Row>) => Promise<T>): Promise<T> {
    const snapshot = new MemorySnapshot(this);
    this.#snapshots.add(snapshot);
    try {
      return await job(snapshot);
    } finally {
      this.#snapshots.delete(snapshot);
    }
  }

  clear(): void {
    this.apply(Array.from(this.#rows.keys(), (key) => ({ key })));
  }
}

/** The map as it was: what has been changed since is remembered, everything else is read there. */
class MemorySnapshot<Row> implements DriverReader<Row> {
  readonly #map: MemoryMap<Row>;
  readonly #before = new Map<string, Row | undefined>();

  constructor(map: MemoryMap<Row>) {
    this.#map = map;
  }

  /** Told before a row is changed. */
  remember(key: string, row: Row | undefined): void {
    if (!this.#before.has(key)) this.#before.set(key, row);
  }

  async getMany(keys: readonly string[]): Promise<(Row | undefined)[]> {
    return keys.map((key) => (this.#before.has(key) ? this.#before.get(key) : this.#map.get(key)));
  }

  async scan(range: DriverRange, options: ScanOptions): Promise<[key: string, row: Row][]> {
    if (this.#before.size === 0) return this.#map.scan(range, options);
    const { limit, reverse = false } = options;
    // Of those found at most so many have changed.
    const now = this.#map.scan(range, { limit: limit + this.#before.size, reverse });
    const rows = now.filter(([key]) => !this.#before.has(key));
    for (const [key, row] of this.#before) {
      if (row !== undefined && isWithin(key, range)) rows.push([key, row]);
    }
    rows.sort(([a], [b]) => (a < b === reverse ? 1 : -1));
    return rows.slice(0, limit);
  }
}

function* keysIn(
  keys: SortedKeys,
  range: DriverRange,
  reverse: boolean,
): Generator<string, undefined> {
  if (reverse) {
    for (const key of keys.before(range.lt)) {
      if (!isWithin(key, range)) return;
      yield key;
    }
    return;
  }
  for (const key of keys.after(range.gt ?? range.gte ?? "")) {
    if (key >= range.lt) return;
    if (key !== range.gt) yield key;
  }
}

function isWithin(key: string, { gt, gte, lt }: DriverRange): boolean {
  return key < lt && (gt === undefined || key > gt) && (gte === undefined || key >= gte);
}
