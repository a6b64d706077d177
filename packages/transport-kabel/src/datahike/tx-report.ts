/** What a Datahike server says of a transaction. */
import { type Edn, EdnMap, isKind, type Keyword, keyword, SyncError } from "@datahike-sync/edn";

export interface TxReport {
  /** The stored form of the database before; its indices are addresses in the store. */
  readonly dbBefore: EdnMap;
  readonly dbAfter: EdnMap;
  /** The number of the transaction: `:max-tx` of the database after it. */
  readonly maxTx: number;
  /** Datoms, as the codec of the line reads them. */
  readonly txData: readonly Edn[];
  /** What temporary ids became. */
  readonly tempids: EdnMap;
  readonly txMeta: Edn;
}

/** @throws {SyncError} `PROTOCOL_VIOLATION` for what is no report of a transaction. */
export function readTxReport(value: Edn): TxReport {
  const report = fieldsOf(value, "tx-report");
  const dbBefore = fieldsOf(report.get(DB_BEFORE) ?? null, "db-before");
  const dbAfter = fieldsOf(report.get(DB_AFTER) ?? null, "db-after");
  const maxTx = maxTxOf(dbAfter);
  if (maxTx === undefined) throw malformed("max-tx");
  const tempids = report.get(TEMPIDS) ?? null;
  return {
    dbBefore,
    dbAfter,
    maxTx,
    txData: itemsOf(report.get(TX_DATA) ?? null),
    tempids: isKind(tempids, "map") ? tempids : new EdnMap(),
    txMeta: report.get(TX_META) ?? null,
  };
}

/** The last transaction in the stored form of a database; `undefined` for what is none. */
export function maxTxOf(database: Edn | undefined): number | undefined {
  const maxTx = isKind(database, "map") ? database.get(MAX_TX) : undefined;
  return typeof maxTx === "number" ? maxTx : undefined;
}

const DB_BEFORE: Keyword = keyword("db-before");
const DB_AFTER: Keyword = keyword("db-after");
const TX_DATA: Keyword = keyword("tx-data");
const TEMPIDS: Keyword = keyword("tempids");
const TX_META: Keyword = keyword("tx-meta");
const MAX_TX: Keyword = keyword("max-tx");

/** The fields of a record, whichever form the codec gives it. */
function fieldsOf(value: Edn, field: string): EdnMap {
  const [only] = isKind(value, "tagged") ? value.fields : [];
  const fields = isKind(value, "record") ? value.fields : (only ?? value);
  if (!isKind(fields, "map")) throw malformed(field);
  return fields;
}

function itemsOf(value: Edn): readonly Edn[] {
  if (value === null) return [];
  if (isKind(value, "list") || isKind(value, "rawList")) return value.items;
  if (isVector(value)) return value;
  throw malformed("tx-data");
}

// `Array.isArray` forgets what is in a readonly array.
function isVector(value: Edn): value is readonly Edn[] {
  return Array.isArray(value);
}

function malformed(field: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", "what is no report of a transaction", {
    details: { field },
  });
}
