/** What a subscription replicates. */
import { type Edn, keyword, SyncError, type Uuid } from "@datahike-sync/edn";
import { uuid } from "@datahike-sync/hasch";
import { isEncoded } from "../codec.ts";
import type { SetFact } from "../feed.ts";
import type { EncodedEntry, EntryMeta } from "../store.ts";
import type { RegisterOptions } from "../sync.ts";
import type { Walker } from "../walker.ts";

/** A selection of a store with a walker: what its pointers reach. */
export interface WalkedSelection {
  readonly id: Uuid;
  readonly walker: Walker;
}

/** A selection of a store without one: what the filter lets pass, or everything. */
export interface PlainSelection {
  readonly id: Uuid;
  readonly walker: undefined;
  /** Absent where everything passes: then no value is decoded. */
  readonly filter: EntryFilter | undefined;
}

/** A filter, as those with this selection see it. */
interface EntryFilter {
  /** Whether an entry is for them. */
  passes(entry: SetFact | EncodedEntry): boolean;
  /** Whether they are told that a key is gone: that it was for them may have been. */
  passesGone(key: Edn, meta: EntryMeta): boolean;
}

export type Selection = WalkedSelection | PlainSelection;

/**
 * What somebody gets who asks for this.
 *
 * @throws {SyncError} `PROTOCOL_VIOLATION` when the store has no such options.
 */
export function toSelection(
  { walker, filter, selection }: RegisterOptions,
  principal: unknown,
  select: Edn,
): Selection {
  if (walker !== undefined) {
    return {
      id: narrowed(() => uuid([keyword("walker"), select])),
      walker: narrowed(() => walker.select(select)),
    };
  }
  if (select !== null) throw unknownOptions();
  if (filter === undefined || selection === undefined) {
    return { id: uuid([keyword("all")]), walker: undefined, filter: undefined };
  }
  const answer = selection({ principal });
  const about = (meta: EntryMeta) => ({ meta: metaOf(meta), selection: answer });
  return {
    id: uuid([keyword("filter"), answer]),
    walker: undefined,
    filter: {
      passes: ({ key, value, ...meta }) =>
        filter(key, isEncoded(value) ? value.decode() : value, about(meta)),
      passesGone: (key, meta) => filter(key, undefined, about(meta)),
    },
  };
}

function narrowed<T>(select: () => T): T {
  try {
    return select();
  } catch (cause) {
    throw unknownOptions(cause);
  }
}

function unknownOptions(cause?: unknown): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", "options of a selection that this store has not", {
    cause,
  });
}

/** Without what is not the filter's business, such as where the entry came from. */
function metaOf({ type, lastWrite, immutable }: EntryMeta): EntryMeta {
  return { type, lastWrite, immutable };
}
