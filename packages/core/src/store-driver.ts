/** The driver author's page: an ordered map, of which `openStore` makes a store. */

/** A row's key: ASCII text. Every engine orders it alike, by bytes or by UTF-16 units. */
export type DriverKey = string;

/** One put, or one removal where `row` is absent. A commit has at most one for a key. */
export interface DriverOperation<Row> {
  readonly key: DriverKey;
  readonly row?: Row | undefined;
}

/** From `gt` or `gte` up to but without `lt`. */
export interface DriverRange {
  readonly gte?: DriverKey | undefined;
  readonly gt?: DriverKey | undefined;
  readonly lt: DriverKey;
}

export interface ScanOptions {
  /** The most rows. */
  readonly limit: number;
  /** From the end of the range. Default false. */
  readonly reverse?: boolean | undefined;
}

export interface CommitOptions<Row> {
  /**
   * Writes only if this key still has this row, or still none: compared by content, in the transaction
   * that writes.
   */
  readonly expect?: { readonly key: DriverKey; readonly row: Row | undefined } | undefined;
  /** Whether the operations must be on disk when the call resolves, with all before them. */
  readonly durable: boolean;
}

/** What can be read of a map. */
export interface DriverReader<Row> {
  /** The rows in the order asked for, all of one moment. */
  getMany(keys: readonly DriverKey[]): Promise<(Row | undefined)[]>;
  /** Rows in the order of their keys, all of one moment. */
  scan(range: DriverRange, options: ScanOptions): Promise<[key: DriverKey, row: Row][]>;
}

/**
 * An ordered map of rows that writes several at once. Rows are `Uint8Array` for every engine that
 * keeps bytes; a driver for objects in memory may keep rows of any type, and then nothing is encoded.
 *
 * Rows belong to the driver once given, and to the caller once returned; neither changes them.
 */
export interface StoreDriver<Row = Uint8Array> extends DriverReader<Row> {
  /**
   * Whether `expect` cannot be checked within the transaction. Then a second opener is refused with
   * `STORE_LOCKED` by the driver's own open function.
   */
  readonly exclusive: boolean;
  /**
   * Which commits must be `durable`: all but those whose writer said that they may be lost, or only
   * those whose writer waits for the disk. A driver may make more of them so.
   */
  readonly durability: "commit" | "barrier";
  get(key: DriverKey): Promise<Row | undefined>;
  /** All operations or none. Resolves to false, having written nothing, where `expect` does not hold. */
  commit(
    operations: readonly DriverOperation<Row>[],
    options: CommitOptions<Row>,
  ): Promise<boolean>;
  /**
   * Runs `job` on one snapshot; it waits for nothing but its own reads. Without it commits are held
   * back while a job reads, which only an exclusive driver may ask for.
   */
  read?<T>(job: (snapshot: DriverReader<Row>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
  /** Erases everything. The driver is closed afterwards. */
  destroy(): Promise<void>;
}
