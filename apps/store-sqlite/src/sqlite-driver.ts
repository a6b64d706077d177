/** A driver on a SQLite database. */
import {
  type CommitOptions,
  type DriverKey,
  type DriverOperation,
  type DriverRange,
  type ScanOptions,
  type StoreDriver,
  SyncError,
} from "@datahike-sync/core";
import { release } from "./sqlite-claim.ts";
import type { SqliteDatabase, SqliteStatement } from "./sqlite-database.ts";
import { toKnown } from "./sqlite-failure.ts";
import { inTransaction } from "./transaction.ts";

/** A driver on a database that {@link SqliteStore.open} has claimed. */
export function sqliteDriver(db: SqliteDatabase): StoreDriver {
  const driver = new SqliteDriver(db);
  return {
    exclusive: true,
    durability: "commit",
    get: async (key) => known(() => driver.get(key)),
    getMany: async (keys) => known(() => keys.map((key) => driver.get(key))),
    scan: async (range, options) => known(() => driver.scan(range, options)),
    commit: async (operations, options) => known(() => driver.commit(operations, options)),
    close: async () => known(() => driver.close()),
    destroy: async () => known(() => driver.destroy()),
  };
}

/** Every call runs to its end before another begins: so each is of one moment. */
class SqliteDriver {
  readonly #db: SqliteDatabase;
  readonly #get: SqliteStatement;
  readonly #put: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #forward: SqliteStatement;
  readonly #backward: SqliteStatement;

  constructor(db: SqliteDatabase) {
    this.#db = db;
    this.#get = db.prepare("SELECT row FROM entries WHERE key = ?");
    this.#put = db.prepare(
      "INSERT INTO entries (key, row) VALUES (?, ?) ON CONFLICT DO UPDATE SET row = excluded.row",
    );
    this.#remove = db.prepare("DELETE FROM entries WHERE key = ?");
    const scan = "SELECT key, row FROM entries WHERE key >= ? AND key < ? ORDER BY key";
    this.#forward = db.prepare(`${scan} LIMIT ?`);
    this.#backward = db.prepare(`${scan} DESC LIMIT ?`);
  }

  get(key: DriverKey): Uint8Array | undefined {
    const [found] = this.#get.all(key);
    return found === undefined ? undefined : toRow(found);
  }

  scan({ gte = "", gt, lt }: DriverRange, options: ScanOptions): [DriverKey, Uint8Array][] {
    const statement = options.reverse === true ? this.#backward : this.#forward;
    // No character of a key is before this one.
    const from = gt === undefined ? gte : `${gt}\u0001`;
    return statement.all(from, lt, options.limit).map((found) => [toKey(found), toRow(found)]);
  }

  commit(
    operations: readonly DriverOperation<Uint8Array>[],
    { expect }: CommitOptions<Uint8Array>,
  ): boolean {
    if (expect !== undefined && !isSame(this.get(expect.key), expect.row)) return false;
    inTransaction(this.#db, () => {
      for (const { key, row } of operations) {
        if (row === undefined) this.#remove.run(key);
        else this.#put.run(key, row);
      }
    });
    return true;
  }

  destroy(): void {
    try {
      this.#db.exec("DELETE FROM entries");
    } finally {
      this.close();
    }
  }

  close(): void {
    try {
      release(this.#db);
    } finally {
      this.#db.close();
    }
  }
}

/** What SQLite throws, with a code of ours where there is one. */
function known<T>(job: () => T): T {
  try {
    return job();
  } catch (error) {
    throw toKnown(error);
  }
}

function toKey(found: unknown): DriverKey {
  return String(column(found, "key"));
}

/** Not the `Buffer` of some libraries: its `slice` copies nothing. */
function toRow(found: unknown): Uint8Array {
  const row = column(found, "row");
  if (!(row instanceof Uint8Array)) {
    throw new SyncError("ENTRY_UNREADABLE", "the table holds something else than bytes");
  }
  return new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
}

function column(found: unknown, name: "key" | "row"): unknown {
  return typeof found === "object" && found !== null ? Reflect.get(found, name) : undefined;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
