/** The store that `openStore` makes. */
import { type Edn, SyncError, snapshot, type Uuid } from "@datahike-sync/edn";
import { type Encoded, isEncoded } from "../codec.ts";
import type {
  Changes,
  ChangesOptions,
  Commit,
  FeedPosition,
  FeedState,
  Stage,
  Standing,
} from "../feed.ts";
import { Listeners } from "../listeners.ts";
import type {
  Capabilities,
  EncodedEntry,
  EncodedReadOptions,
  EntryMeta,
  KeyEntry,
  KeysOptions,
  Operation,
  ReadOptions,
  SetOperation,
  Store,
  WriteOptions,
  WriteResult,
} from "../store.ts";
import type { DriverReader, StoreDriver } from "../store-driver.ts";
import { type Change, toChange, toDelete, toSet } from "./change.ts";
import type { MadeCommit } from "./commit-draft.ts";
import { CommitQueue, type Write } from "./commit-queue.ts";
import { beginCompaction, type CompactionState, compactSome } from "./compaction.ts";
import { ENTRIES, ERAS_KEY, entryKey, HEADER_KEY, standingKey } from "./driver-keys.ts";
import { DriverStage } from "./driver-stage.ts";
import { beginEra } from "./eras.ts";
import { toFact } from "./fact.ts";
import { readFeed, readValues } from "./feed-reader.ts";
import { Pins } from "./pins.ts";
import { type Cell, type Header, type Kept, metaOf, type RowFormat } from "./row-format.ts";
import { SnapshotGate } from "./snapshot-gate.ts";
import { StoreLife } from "./store-life.ts";

export class DriverStore<Row> implements Store {
  readonly capabilities: Capabilities;
  readonly #driver: StoreDriver<Row>;
  readonly #format: RowFormat<Row>;
  readonly #gate: SnapshotGate<Row>;
  readonly #queue: CommitQueue<Row>;
  readonly #life = new StoreLife();
  readonly #listeners = new Listeners<Commit>();
  readonly #pins = new Pins();
  #ended: Promise<void> | undefined;

  private constructor(driver: StoreDriver<Row>, format: RowFormat<Row>, now: () => number) {
    const { exclusive, durability } = driver;
    this.capabilities = Object.freeze({
      atomic: "commit",
      feed: format.hasFeed,
      ...(!format.hasFeed && { standings: true }),
      shared: !exclusive,
      durable: durability,
    });
    this.#driver = driver;
    this.#format = format;
    this.#gate = new SnapshotGate(driver);
    this.#queue = new CommitQueue({
      gate: this.#gate,
      format,
      // Times are written as whole numbers, whatever a clock gives.
      now: () => Math.floor(now()),
      hasBarriers: durability === "barrier",
      onCommit: (commit) => this.#tell(commit),
    });
  }

  /** The store, in a new era. */
  static async open<Row>(
    driver: StoreDriver<Row>,
    format: RowFormat<Row>,
    now: () => number,
  ): Promise<Store> {
    const store = new DriverStore(driver, format, now);
    await store.#queue.run(async (header) => {
      const [row] = header === undefined ? [] : await driver.getMany([ERAS_KEY]);
      const eras = row === undefined ? [] : format.readEras(row);
      return beginEra(header && { header, eras }, format);
    });
    return store;
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  async get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    const [cell] = await this.#cells([key], options?.signal);
    return this.#given(cell, isForEncoded(options));
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  async getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    const cells = await this.#cells(keys, options?.signal);
    return cells.map((cell) => this.#given(cell, isForEncoded(options)));
  }

  readMany(keys: readonly Edn[]): Promise<{
    readonly entries: readonly (EncodedEntry | undefined)[];
    readonly last: number;
  }> {
    return this.#life.run(() =>
      this.#gate.read(async (reader) => {
        // One call after the other is one moment still: that of the snapshot.
        const header = await this.#header(reader);
        const cells = await this.#readCells(reader, keys.map(entryKey));
        return { entries: cells.map((cell) => this.#entry(cell)), last: header.last };
      }),
    );
  }

  async getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    const row = await this.#life.run(async () => this.#driver.get(entryKey(key)), options?.signal);
    const cell = row === undefined ? undefined : this.#format.readCell(row);
    return cell === undefined || cell.held === "gone" ? undefined : metaOf(cell);
  }

  async has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return (await this.getMeta(key, options)) !== undefined;
  }

  async *keys(options: KeysOptions = {}): AsyncGenerator<KeyEntry, undefined> {
    const { signal, onUnreadable } = options;
    let range = ENTRIES;
    for (;;) {
      const scan = () => this.#driver.scan(range, { limit: KEYS_CHUNK });
      const found = await this.#life.run(scan, signal);
      for (const [, row] of found) {
        this.#life.check(signal);
        const entry = this.#keyEntry(row, onUnreadable);
        if (entry !== undefined) yield entry;
      }
      const last = found.at(-1);
      if (last === undefined || found.length < KEYS_CHUNK) return;
      range = { gt: last[0], lt: ENTRIES.lt };
    }
  }

  set(
    key: Edn,
    value: Edn | Encoded,
    options: Omit<SetOperation, "op" | "key" | "value"> = {},
  ): Promise<WriteResult> {
    return this.#write(() => [toSet(key, value, options, this.#format)]);
  }

  async delete(key: Edn): Promise<boolean> {
    const { cursor } = await this.#write(() => [toDelete(key)]);
    return cursor !== undefined;
  }

  async update(
    key: Edn,
    change: (value: Edn | undefined) => Edn | undefined,
  ): Promise<Edn | undefined> {
    let changed: Edn | undefined;
    await this.#write(() => {
      const removal = toDelete(key);
      const decide = (kept: Kept | undefined): readonly Change[] => {
        const result = change(kept === undefined ? undefined : snapshot(this.#format.give(kept)));
        changed = result === undefined ? undefined : snapshot(result);
        if (changed === undefined) return [removal];
        const isBinary = changed instanceof Uint8Array && kept !== undefined && isBinaryValue(kept);
        return [toSet(removal.key, changed, { type: isBinary ? "binary" : "edn" }, this.#format)];
      };
      return { id: removal.id, decide };
    });
    return changed;
  }

  write(operations: readonly Operation[], options: WriteOptions = {}): Promise<WriteResult> {
    const toChanges = () => operations.map((operation) => toChange(operation, this.#format));
    return this.#write(toChanges, options);
  }

  changes(after: FeedPosition, options: ChangesOptions = {}): Promise<Changes> {
    return this.#life.run(async () => {
      if (!((options.limit ?? 1) >= 1)) throw new RangeError("limit is at least 1");
      if (!this.#format.hasFeed) throw new TypeError("the store was opened without a feed");
      return this.#gate.read((reader) => readFeed(reader, this.#format, after, options));
    });
  }

  async feed(): Promise<FeedState> {
    const rows = await this.#life.run(() => this.#driver.getMany([HEADER_KEY, ERAS_KEY]));
    const [header, eras] = rows;
    if (header === undefined || eras === undefined) throw erased();
    const { last, floor } = this.#format.readHeader(header);
    const all = this.#format.readEras(eras);
    return { eras: this.#format.hasFeed ? all : all.slice(-1), last, floor };
  }

  async standing(storeId: Uuid): Promise<Standing | undefined> {
    const row = await this.#life.run(() => this.#driver.get(standingKey(storeId)));
    return row === undefined ? undefined : this.#format.readStanding(row);
  }

  stage(storeId: Uuid): Stage {
    return new DriverStage({
      storeId,
      queue: this.#queue,
      gate: this.#gate,
      format: this.#format,
      life: this.#life,
    });
  }

  onCommit(listener: (commit: Commit) => void): () => void {
    return this.#listeners.add(listener);
  }

  pin(keys: Iterable<Edn>): () => void {
    return this.#pins.add(keys);
  }

  isPinned(key: Edn): boolean {
    return this.#pins.has(key);
  }

  compact(seq?: number): Promise<void> {
    return this.#life.run(async () => {
      let state: CompactionState | undefined;
      let following: CompactionState | undefined;
      do {
        state = following;
        await this.#queue.run(async (header) => {
          if (header === undefined) throw erased();
          const from = state ?? beginCompaction(header, seq);
          following = undefined;
          if (from === undefined) return undefined;
          const some = await this.#gate.read((reader) => {
            return compactSome(reader, this.#format, header, from);
          });
          following = some.state;
          return some.next;
        });
      } while (following !== undefined);
    });
  }

  close(): Promise<void> {
    this.#ended ??= this.#life.end().then(() => this.#driver.close());
    return this.#ended;
  }

  async destroy(): Promise<void> {
    this.#life.check();
    this.#ended ??= this.#life.end().then(() => this.#driver.destroy());
    return this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(
    prepare: () => Write["changes"],
    { standing, barrier = false, relaxed = false }: WriteOptions = {},
  ): Promise<WriteResult> {
    return this.#life.run(() => {
      return this.#queue.write({ changes: prepare(), standing, barrier, relaxed });
    });
  }

  #tell({ cursor, origin, cells }: MadeCommit): void {
    if (this.#listeners.isEmpty) return;
    const operations = cells.map((cell) => toFact(cell, this.#format));
    this.#listeners.tell({ cursor, operations, ...(origin !== undefined && { origin }) });
  }

  /** The entries, with their values. */
  #cells(keys: readonly Edn[], signal?: AbortSignal): Promise<(Cell | undefined)[]> {
    return this.#life.run(() => {
      const ids = keys.map(entryKey);
      return this.#format.maxHere === Number.POSITIVE_INFINITY
        ? this.#readCells(this.#driver, ids)
        : this.#gate.read((reader) => this.#readCells(reader, ids));
    }, signal);
  }

  async #readCells(
    reader: DriverReader<Row>,
    ids: readonly string[],
  ): Promise<(Cell | undefined)[]> {
    const rows = await reader.getMany(ids);
    const cells = rows.map((row) => {
      const cell = row === undefined ? undefined : this.#format.readCell(row);
      return cell?.held === "gone" ? undefined : cell;
    });
    return readValues(reader, this.#format, cells, ids);
  }

  async #header(reader: DriverReader<Row>): Promise<Header> {
    const [row] = await reader.getMany([HEADER_KEY]);
    if (row === undefined) throw erased();
    return this.#format.readHeader(row);
  }

  #given(cell: Cell | undefined, asKept: boolean): Edn | EncodedEntry | undefined {
    if (asKept) return this.#entry(cell);
    return cell?.value === undefined ? undefined : this.#format.give(cell.value);
  }

  #entry(cell: Cell | undefined): EncodedEntry | undefined {
    if (cell?.value === undefined) return undefined;
    return { ...toKeyEntry(cell), value: this.#format.encode(cell.value) };
  }

  #keyEntry(row: Row, onUnreadable: KeysOptions["onUnreadable"]): KeyEntry | undefined {
    let cell: Cell;
    try {
      cell = this.#format.readCell(row);
    } catch (error) {
      if (!(error instanceof SyncError) || onUnreadable === undefined) throw error;
      onUnreadable(error, error.details);
      return undefined;
    }
    return cell.held === "gone" ? undefined : toKeyEntry(cell);
  }
}

/** Rows of a chunk of `keys`. */
const KEYS_CHUNK = 256;

function isForEncoded(options: ReadOptions | EncodedReadOptions | undefined): boolean {
  return options !== undefined && "encoded" in options && options.encoded;
}

function toKeyEntry(cell: Cell): KeyEntry {
  return { key: snapshot(cell.key), ...metaOf(cell) };
}

function isBinaryValue(kept: Kept): boolean {
  return isEncoded(kept) && kept.codec === "binary";
}

function erased(): SyncError {
  return new SyncError("STORE_NOT_FOUND", "the store was erased meanwhile");
}
