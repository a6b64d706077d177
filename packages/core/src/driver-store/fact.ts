/** Cells, as those are told of them who are told of commits or read the feed. */
import { SyncError, snapshot } from "@datahike-sync/edn";
import type { FeedOperation } from "../feed.ts";
import { type Cell, metaOf, type RowFormat } from "./row-format.ts";

/** What others do with its key and value reaches no store. */
export function toFact<Row>(cell: Cell, format: RowFormat<Row>): FeedOperation {
  const key = snapshot(cell.key);
  const { held, value } = cell;
  if (held === "gone") return { op: "delete", key, ...metaOf(cell) };
  if (value !== undefined) return { op: "set", key, ...metaOf(cell), value: format.share(value) };
  throw new SyncError("ENTRY_UNREADABLE", "the row of a value is missing");
}
