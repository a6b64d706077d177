/** Cells, as those are told of them who are told of commits or read the feed. */
import { type Edn, SyncError, snapshot } from "@datahike-sync/edn";
import type { DeleteFact, FeedOperation, SetFact } from "../feed.ts";
import type { Cell, Kept, RowFormat } from "./row-format.ts";

/** What others do with its key and value reaches no store. */
export function toFact<Row>(cell: Cell, format: RowFormat<Row>): FeedOperation {
  const key = snapshot(cell.key);
  if (cell.held === "gone") return toDelete(cell, key);
  return toSet(cell, key, cell.value === undefined ? missing() : format.share(cell.value));
}

// Field by field: of every entry of a first sync there is one, and a spread takes longer than the rest.

function toSet(cell: Cell, key: Edn, value: Kept): SetFact {
  const { type, lastWrite, immutable, origin } = cell;
  return origin === undefined
    ? { op: "set", key, type, lastWrite, immutable, value }
    : { op: "set", key, type, lastWrite, immutable, origin, value };
}

function toDelete(cell: Cell, key: Edn): DeleteFact {
  const { type, lastWrite, immutable, origin } = cell;
  return origin === undefined
    ? { op: "delete", key, type, lastWrite, immutable }
    : { op: "delete", key, type, lastWrite, immutable, origin };
}

function missing(): never {
  throw new SyncError("ENTRY_UNREADABLE", "the row of a value is missing");
}
