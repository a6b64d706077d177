/** A driver on an abstract-level database. */
import type {
  DriverKey,
  DriverOperation,
  DriverRange,
  DriverReader,
  ScanOptions,
  StoreDriver,
} from "@datahike-sync/core";
import { LevelAccess } from "./level-access.ts";
import type {
  LevelDatabase,
  LevelOperation,
  LevelReadOptions,
  LevelScanOptions,
  LevelSnapshot,
} from "./level-database.ts";

/**
 * A driver on an open database, which belongs to it from now on: what else writes there is neither seen
 * nor spared. It has no lock of its own, and finishes no `destroy` that was interrupted; {@link LevelStore.open}
 * does both.
 */
export function levelDriver<Snapshot extends LevelSnapshot>(
  db: LevelDatabase<Snapshot>,
): StoreDriver {
  const access = new LevelAccess(db);
  const reader = readerOf(db);
  return {
    exclusive: true,
    durability: "commit",
    get: async (key) => toRow(await access.read(() => db.get(key, ENCODINGS))),
    getMany: (keys) => access.read(() => reader.getMany(keys)),
    scan: (range, options) => access.read(() => reader.scan(range, options)),
    ...(db.supports.explicitSnapshots === true && {
      read: (job) => access.read(() => onSnapshot(db, job)),
    }),
    commit: async (operations, { expect }) => {
      if (expect !== undefined) {
        const row = await access.read(async () => expected(db, expect.key));
        if (!isSame(toRow(row), expect.row)) return false;
      }
      await access.write(operations.map(toLevel));
      return true;
    },
    close: () => access.close(),
    destroy: () => access.destroy(),
  };
}

/** By bytes, which is the order of ASCII text. */
const ENCODINGS = { keyEncoding: "utf8", valueEncoding: "view" } as const;

/** A row that the last commit wrote: LevelDB has it in memory, sooner than it has a thread to look. */
function expected<Snapshot extends LevelSnapshot>(
  db: LevelDatabase<Snapshot>,
  key: DriverKey,
): unknown {
  return db.supports.getSync === true ? db.getSync(key, ENCODINGS) : db.get(key, ENCODINGS);
}

async function onSnapshot<Snapshot extends LevelSnapshot, T>(
  db: LevelDatabase<Snapshot>,
  job: (reader: DriverReader<Uint8Array>) => Promise<T>,
): Promise<T> {
  const snapshot = db.snapshot();
  try {
    return await job(readerOf(db, snapshot));
  } finally {
    await snapshot.close();
  }
}

/** Without a snapshot each read is of the moment at which it begins. */
function readerOf<Snapshot extends LevelSnapshot>(
  db: LevelDatabase<Snapshot>,
  snapshot?: Snapshot,
): DriverReader<Uint8Array> {
  const options: LevelReadOptions<Snapshot> =
    snapshot === undefined ? ENCODINGS : { ...ENCODINGS, snapshot };
  return {
    getMany: async (keys: readonly DriverKey[]) => {
      return (await db.getMany([...keys], options)).map(toRow);
    },
    scan: async ({ gt, gte, lt }: DriverRange, { limit, reverse = false }: ScanOptions) => {
      const scanned: LevelScanOptions<Snapshot> = {
        ...options,
        ...(gt !== undefined && { gt }),
        ...(gte !== undefined && { gte }),
        lt,
        limit,
        reverse,
      };
      const found: [DriverKey, Uint8Array][] = [];
      for (const [key, value] of await db.iterator(scanned).all()) {
        const row = toRow(value);
        if (row !== undefined) found.push([String(key), row]);
      }
      return found;
    },
  };
}

function toLevel({ key, row }: DriverOperation<Uint8Array>): LevelOperation {
  return row === undefined ? { type: "del", key } : { type: "put", key, value: row };
}

/** Not the `Buffer` that classic-level returns: its `slice` copies nothing. The memory is nobody else's. */
function toRow(value: unknown): Uint8Array | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  if (Object.getPrototypeOf(value) === Uint8Array.prototype) return value;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
