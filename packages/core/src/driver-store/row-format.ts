/** What the rows of a store say, whatever a driver keeps them as. */
import type { Edn, Uuid } from "@datahike-sync/edn";
import { type Encoded, isEncoded } from "../codec.ts";
import type { Era, FeedPosition, Standing } from "../feed.ts";
import type { EntryMeta, KeyEntry } from "../store.ts";
import type { DriverKey } from "../store-driver.ts";

/** A value as a store keeps it: nobody else can change it. */
export type Kept = Edn | Encoded;

/** The state of the whole store. */
export interface Header {
  /** The id of the last era. */
  readonly era: string;
  /** The number of the last commit. */
  readonly last: number;
  readonly floor: number;
  /** The store's clock: no commit is earlier than this. */
  readonly clock: number;
  /** Counts what changed the map, so that no two headers are the same. */
  readonly writes: number;
}

/** What is known of a key: an entry, or its tombstone. All have all fields, so that they are of one shape. */
export interface Cell extends KeyEntry, FeedPosition {
  readonly origin: Uuid | undefined;
  /** Where the value is: in this row, in one of its own, or nowhere, of a tombstone. */
  readonly held: "here" | "apart" | "gone";
  /** Of a tombstone, and of a value apart that has not been read, `undefined`. */
  readonly value: Kept | undefined;
  /** The value's bytes; 0 where it is not encoded. */
  readonly size: number;
}

/** A row of the feed. */
export interface Mark {
  /** The driver key of the entry's row. */
  readonly id: DriverKey;
  /** Whether that is a tombstone. */
  readonly gone: boolean;
}

/**
 * Makes rows and reads them. Readers throw `ENTRY_UNREADABLE` for a row that is damaged.
 *
 * The formats differ in what a value is: bytes of one codec, or the value as it came.
 */
export interface RowFormat<Row> {
  /** The size up to which a value is kept in its entry's row. */
  readonly maxHere: number;
  /** Whether there are rows of the feed, and tombstones. */
  readonly hasFeed: boolean;
  /**
   * What is kept of a value that a writer gives, so that nothing that happens to it later matters.
   *
   * @throws {TypeError} when it is no value of that type.
   */
  keep(value: Edn | Encoded, type: EntryMeta["type"]): Kept;
  /** The value for a reader, whose bytes and dates are the reader's own. */
  give(value: Kept): Edn;
  /** The value for somebody who passes it on. */
  share(value: Kept): Kept;
  /** @throws {TypeError} when it is not encoded, and there is no codec. */
  encode(value: Kept): Encoded;
  /** Whether two values are kept as the same. */
  same(a: Kept, b: Kept): boolean;

  header(header: Header): Row;
  readHeader(row: Row): Header;
  eras(eras: readonly Era[]): Row;
  readEras(row: Row): readonly Era[];
  cell(cell: Cell): Row;
  readCell(row: Row): Cell;
  /** A row for a value apart. */
  value(value: Kept): Row;
  readValue(row: Row, type: EntryMeta["type"]): Kept;
  mark(mark: Mark): Row;
  readMark(row: Row): Mark;
  standing(standing: Standing): Row;
  readStanding(row: Row): Standing;
  record(record: Uint8Array): Row;
  /** The record is the reader's own. */
  readRecord(row: Row): Uint8Array;
}

/** What a cell says beside its key and value. */
export function metaOf({ type, lastWrite, immutable, origin }: EntryMeta): EntryMeta {
  return origin === undefined
    ? { type, lastWrite, immutable }
    : { type, lastWrite, immutable, origin };
}

/** How many bytes a value has, 0 where it is not encoded. */
export function sizeOf(value: Kept): number {
  return isEncoded(value) ? value.bytes.length : 0;
}
