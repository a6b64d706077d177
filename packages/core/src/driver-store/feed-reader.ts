/** Reads the feed: rows and what they say, in one snapshot. */
import { SyncError } from "@datahike-sync/edn";
import type { Changes, ChangesOptions, FeedPosition, FeedRow } from "../feed.ts";
import type { DriverReader } from "../store-driver.ts";
import { feedAfter, HEADER_KEY, valueKey } from "./driver-keys.ts";
import { toFact } from "./fact.ts";
import type { Cell, RowFormat } from "./row-format.ts";

/** How much one read of the feed gives unless options say otherwise. */
const DEFAULTS = { limit: 512, limitBytes: 4 * 2 ** 20 } as const;

/**
 * Rows behind `after`.
 *
 * @throws {SyncError} `FEED_TRUNCATED`.
 */
export async function readFeed<Row>(
  snapshot: DriverReader<Row>,
  format: RowFormat<Row>,
  after: FeedPosition,
  options: ChangesOptions,
): Promise<Changes> {
  const { limit = DEFAULTS.limit, limitBytes = DEFAULTS.limitBytes, since = after.seq } = options;
  const [headerRow] = await snapshot.getMany([HEADER_KEY]);
  if (headerRow === undefined) throw missing();
  const { last, floor } = format.readHeader(headerRow);
  if (since < floor) {
    throw new SyncError("FEED_TRUNCATED", "tombstones that the reader needs are forgotten", {
      details: { since, floor },
    });
  }
  // One more than asked for tells whether there is more.
  const found = await snapshot.scan(feedAfter(after), { limit: limit + 1 });
  const marks = found.slice(0, limit).map(([, row]) => format.readMark(row));
  const cells: Cell[] = [];
  let bytes = 0;
  for (const row of await snapshot.getMany(marks.map(({ id }) => id))) {
    if (row === undefined) throw missing();
    const cell = format.readCell(row);
    bytes += cell.size;
    if (cells.length > 0 && bytes > limitBytes) break;
    cells.push(cell);
  }
  const ids = marks.slice(0, cells.length).map(({ id }) => id);
  const rows = (await readValues(snapshot, format, cells, ids)).map((cell): FeedRow => {
    return { seq: cell.seq, place: cell.place, operation: toFact(cell, format) };
  });
  return { rows, done: rows.length === found.length, last, floor };
}

/** The cells with their values, also those that have rows of their own. `ids` are the cells'. */
export async function readValues<Row, C extends Cell | undefined>(
  snapshot: DriverReader<Row>,
  format: RowFormat<Row>,
  cells: C[],
  ids: readonly string[],
): Promise<(C | Cell)[]> {
  const apart = ids.filter((_, index) => cells[index]?.held === "apart");
  if (apart.length === 0) return cells;
  const rows = await snapshot.getMany(apart.map(valueKey));
  let at = 0;
  return cells.map((cell) => {
    if (cell?.held !== "apart") return cell;
    const row = rows[at++];
    if (row === undefined) throw missing();
    return { ...cell, value: format.readValue(row, cell.type) };
  });
}

function missing(): SyncError {
  return new SyncError("ENTRY_UNREADABLE", "a row of the store is missing");
}
