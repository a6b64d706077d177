/** Reading rows: one transaction, which ends by itself when nothing more is asked of it. */
import type { DriverKey, DriverRange, DriverReader, ScanOptions } from "@datahike-sync/core";
import { ROWS } from "./connection.ts";

export class RowReader implements DriverReader<Uint8Array> {
  readonly #rows: IDBObjectStore;

  constructor(database: IDBDatabase) {
    this.#rows = database.transaction(ROWS, "readonly").objectStore(ROWS);
  }

  get(key: DriverKey): Promise<Uint8Array | undefined> {
    return resultOf<Uint8Array | undefined>(this.#rows.get(key));
  }

  getMany(keys: readonly DriverKey[]): Promise<(Uint8Array | undefined)[]> {
    return rowsOf(this.#rows, keys);
  }

  async scan(
    range: DriverRange,
    { limit, reverse = false }: ScanOptions,
  ): Promise<[key: DriverKey, row: Uint8Array][]> {
    const within = toKeyRange(range);
    if (within === undefined) return [];
    if (reverse) return this.#scanBack(within, limit);
    // `as`: under text there are rows only. Two requests, since getAll gives no keys.
    const keys = this.#rows.getAllKeys(within, limit) as IDBRequest<DriverKey[]>;
    const rows = await resultOf<Uint8Array[]>(this.#rows.getAll(within, limit));
    return rows.map((row, index) => [keys.result[index] ?? "", row]);
  }

  #scanBack(within: IDBKeyRange, limit: number): Promise<[DriverKey, Uint8Array][]> {
    return new Promise((resolve, reject) => {
      const found: [DriverKey, Uint8Array][] = [];
      const request = this.#rows.openCursor(within, "prev");
      request.onerror = () => reject(failureOf(request));
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor !== null) found.push([cursor.key as DriverKey, cursor.value as Uint8Array]);
        if (cursor === null || found.length >= limit) resolve(found);
        else cursor.continue();
      };
    });
  }
}

/** What is under these keys. */
export async function rowsOf(
  rows: IDBObjectStore,
  keys: readonly DriverKey[],
): Promise<(Uint8Array | undefined)[]> {
  const requests = keys.map((key): IDBRequest<Uint8Array | undefined> => rows.get(key));
  const last = requests.at(-1);
  // Requests of a transaction end in their order, and one that fails takes the later ones with it.
  if (last !== undefined) await resultOf(last);
  return requests.map((request) => request.result);
}

export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failureOf(request));
  });
}

/** Why a request failed: with its transaction, which knows the reason, or by itself. */
function failureOf({ transaction, error }: IDBRequest): Error {
  return transaction?.error ?? error ?? aborted();
}

/** Of a transaction that the browser has ended without a reason: it has ended the connection. */
export function aborted(): Error {
  return new DOMException("the transaction was aborted", "AbortError");
}

/** `undefined` where nothing can be within. */
function toKeyRange({ gt, gte, lt }: DriverRange): IDBKeyRange | undefined {
  // Never without a lower bound: what is no row is under a number, and numbers come first.
  const lower = gt ?? gte ?? "";
  return lower < lt ? IDBKeyRange.bound(lower, lt, gt !== undefined, true) : undefined;
}
