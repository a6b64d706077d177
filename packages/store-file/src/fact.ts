/** What a commit did to an entry, as it is told. */
import type { FeedOperation } from "@datahike-sync/core";
import { snapshot } from "@datahike-sync/edn";
import type { Known } from "./draft.ts";

/** What others do with its key reaches no store. */
export function toFact({ value, origin, ...entry }: Known): FeedOperation {
  const { type, lastWrite, immutable } = entry;
  const key = snapshot(entry.key);
  const meta = { key, type, lastWrite, immutable, ...(origin !== undefined && { origin }) };
  return value === undefined ? { op: "delete", ...meta } : { op: "set", ...meta, value };
}
