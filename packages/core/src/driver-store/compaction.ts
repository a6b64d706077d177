/** How tombstones are forgotten: some in each transaction, the floor always at or above them. */

import type { FeedPosition } from "../feed.ts";
import type { DriverOperation, DriverReader } from "../store-driver.ts";
import { ERAS_KEY, feedKey, feedPosition } from "./driver-keys.ts";
import { type Next, remembered } from "./eras.ts";
import type { Header, RowFormat } from "./row-format.ts";

/** How far a compaction has come, and where it goes. */
export interface CompactionState {
  /** Everything up to here has been looked at. */
  readonly from: FeedPosition;
  /** The floor in the end. */
  readonly to: number;
}

/**
 * Where a compaction begins: with the commit of the floor, of which an interrupted one may have left
 * some. `undefined` when there is nothing to do.
 */
export function beginCompaction(
  { floor, last }: Header,
  seq: number | undefined,
): CompactionState | undefined {
  const to = Math.min(seq ?? last, last);
  return to > floor ? { from: { seq: Math.max(0, floor - 1), place: Infinity }, to } : undefined;
}

/**
 * The next transaction of a compaction, and where it stands after it: `undefined` at the end. Only the
 * tombstones that go are touched: rows of the feed say of themselves whether they are some.
 */
export async function compactSome<Row>(
  snapshot: DriverReader<Row>,
  format: RowFormat<Row>,
  header: Header,
  { from, to }: CompactionState,
): Promise<{ readonly next: Next<Row>; readonly state: CompactionState | undefined }> {
  const range = { gt: feedKey(from.seq, from.place), lt: feedKey(to + 1, 0) };
  const found = await snapshot.scan(range, { limit: MAX_ROWS });
  const rows: DriverOperation<Row>[] = [];
  for (const [key, row] of found) {
    const { id, gone } = format.readMark(row);
    if (gone) rows.push({ key }, { key: id });
  }
  const lastKey = found.length < MAX_ROWS ? undefined : found.at(-1)?.[0];
  const reached = lastKey === undefined ? undefined : feedPosition(lastKey);
  const floor = Math.max(header.floor, reached?.seq ?? to);
  const [eras] = await snapshot.getMany([ERAS_KEY]);
  if (eras !== undefined) {
    rows.push({ key: ERAS_KEY, row: format.eras(remembered(format.readEras(eras), floor)) });
  }
  const next = { header: { ...header, floor, writes: header.writes + 1 }, rows };
  return { next, state: reached && { from: reached, to } };
}

/** Bounds one transaction. */
const MAX_ROWS = 512;
