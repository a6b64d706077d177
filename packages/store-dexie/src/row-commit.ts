/** Writing rows: one transaction per commit, and what makes later ones bring earlier ones to disk. */
import type { CommitOptions, DriverKey, DriverOperation } from "@datahike-sync/core";
import { ROWS } from "./connection.ts";
import { aborted, resultOf, rowsOf } from "./row-reader.ts";

/** What was written by relaxed transactions since the last strict one. */
interface Unsynced {
  readonly keys: readonly DriverKey[];
  /** Of their rows, when each was written. */
  readonly bytes: number;
}

/** Where that is kept: beside the rows, so that the tabs share it, and no row has a number for a key. */
const UNSYNCED_KEY = 0;

/** So much is written again by each commit at most. Beyond it, one is strict though it need not be. */
const MAX_UNSYNCED_KEYS = 64;
const MAX_UNSYNCED_BYTES = 64 * 2 ** 10;

/**
 * Applies the operations in one transaction, strict where they have to be durable. IndexedDB does not say
 * that a strict transaction brings earlier relaxed ones to disk, nor that of two relaxed ones the later is
 * not there alone after a failure of power. So each commit writes once more what relaxed ones before it
 * wrote: whichever of them is there, all before it are.
 *
 * @param isRetry Whether it is not known what became of this very commit the first time.
 */
export async function commitRows(
  database: IDBDatabase,
  operations: readonly DriverOperation<Uint8Array>[],
  options: CommitOptions<Uint8Array>,
  isRetry: boolean,
): Promise<boolean> {
  const { expect, durable } = options;
  const durability = durable ? "strict" : "relaxed";
  const transaction = database.transaction(ROWS, "readwrite", { durability });
  const done = endOf(transaction);
  const rows = transaction.objectStore(ROWS);
  const found = expect && resultOf<Uint8Array | undefined>(rows.get(expect.key));
  const [unsynced, row] = await Promise.all([
    resultOf<Unsynced | undefined>(rows.get(UNSYNCED_KEY)),
    found,
  ]);
  if (expect !== undefined && !isSameRow(row, expect.row)) {
    return isRetry && isThere(rows, operations);
  }
  const next = durable ? undefined : together(unsynced, operations);
  if (!durable && next === undefined) {
    return commitRows(database, operations, { expect, durable: true }, isRetry);
  }
  try {
    if (unsynced !== undefined) await writeAgain(rows, unsynced, operations);
    if (next !== undefined) rows.put(next, UNSYNCED_KEY);
    else if (unsynced !== undefined) rows.delete(UNSYNCED_KEY);
    for (const operation of operations) write(rows, operation.key, operation.row);
  } catch (error) {
    transaction.abort();
    throw error;
  }
  // Spares the browser to wait whether there is more.
  transaction.commit();
  await done;
  return true;
}

function write(rows: IDBObjectStore, key: DriverKey, row: Uint8Array | undefined): void {
  if (row === undefined) rows.delete(key);
  else rows.put(ownBytes(row), key);
}

async function writeAgain(
  rows: IDBObjectStore,
  { keys }: Unsynced,
  operations: readonly DriverOperation<Uint8Array>[],
): Promise<void> {
  const written = new Set(operations.map(({ key }) => key));
  const others = keys.filter((key) => !written.has(key));
  const found = await rowsOf(rows, others);
  for (const [index, key] of others.entries()) write(rows, key, found[index]);
}

/** What is unsynced after a relaxed commit; `undefined` where that is too much. */
function together(
  unsynced: Unsynced | undefined,
  operations: readonly DriverOperation<Uint8Array>[],
): Unsynced | undefined {
  const keys = new Set(unsynced?.keys);
  let bytes = unsynced?.bytes ?? 0;
  for (const { key, row } of operations) {
    keys.add(key);
    bytes += row?.length ?? 0;
  }
  if (keys.size > MAX_UNSYNCED_KEYS || bytes > MAX_UNSYNCED_BYTES) return undefined;
  return { keys: [...keys], bytes };
}

/** Whether everything is as the operations make it. */
async function isThere(
  rows: IDBObjectStore,
  operations: readonly DriverOperation<Uint8Array>[],
): Promise<boolean> {
  const found = await rowsOf(
    rows,
    operations.map(({ key }) => key),
  );
  return operations.every(({ row }, index) => isSameRow(found[index], row));
}

function isSameRow(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** A part of a larger buffer would be stored with all of that buffer. */
function ownBytes(row: Uint8Array): Uint8Array {
  return row.byteLength === row.buffer.byteLength ? row : row.slice();
}

function endOf(transaction: IDBTransaction): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? aborted());
  });
  // Where a request has failed before, nobody waits for this.
  done.catch(() => undefined);
  return done;
}
