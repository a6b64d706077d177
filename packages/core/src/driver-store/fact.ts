/** Cells, as those are told of them who are told of commits or read the feed. */
import { type Edn, SyncError, snapshot } from "@datahike-sync/edn";
import type { DeleteFact, FeedOperation, SetFact } from "../feed.ts";
import type { Cell, Kept, RowFormat } from "./row-format.ts";

/** What others do with its key and value reaches no store. */
export function toFact<Row>(cell: Cell, format: RowFormat<Row>): FeedOperation {
  const key = snapshot(cell.key);
  const { held, value, origin } = cell;
  const fact =
    held === "gone"
      ? toDelete(cell, key)
      : toSet(cell, key, value === undefined ? missing() : format.share(value));
  return origin === undefined ? fact : { ...fact, origin };
}

// Field by field: of every entry of a first sync there is one, and a spread takes longer than the rest.

function toSet({ type, lastWrite, immutable }: Cell, key: Edn, value: Kept): SetFact {
  return { op: "set", key, type, lastWrite, immutable, value };
}

function toDelete({ type, lastWrite, immutable }: Cell, key: Edn): DeleteFact {
  return { op: "delete", key, type, lastWrite, immutable };
}

function missing(): never {
  throw new SyncError("ENTRY_UNREADABLE", "the row of a value is missing");
}
