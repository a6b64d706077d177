/** What a store on LevelDB costs, beside the same rows in batches by hand. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { type Codec, type DriverOperation, encoded, openStore } from "@datahike-sync/core";
import { LevelStore } from "@datahike-sync/store-level";
import { memoryDriver } from "@datahike-sync/store-memory";
import { ClassicLevel } from "classic-level";
import { type MeasureOptions, measure, type Row } from "./measure.ts";

const OPERATIONS = 20_000;
const COMMIT = 100;
const VALUE_BYTES = 1024;
const SIZES = [1_000, 100_000] as const;

const CODEC: Codec = msgpackCodec();

/** Times commits of a hundred, each of them synced, into a database that is empty. */
export async function measureLevelCommits(options: MeasureOptions): Promise<Row[]> {
  const batches = await recordBatches();
  return measure(
    {
      workload: `LevelDB, commits of ${COMMIT}`,
      unit: "operations",
      amount: OPERATIONS,
      contenders: [
        {
          system: "batches by hand",
          run: () => inFolder((folder) => writeBatches(folder, batches)),
        },
        { system: "a store", run: () => inFolder(writeCommits) },
      ],
    },
    options,
  );
}

/** Times the opening of a store that has a hundred times as much as another. */
export function measureLevelOpening(options: MeasureOptions): Promise<Row[]> {
  return inFolder(async (folder) => {
    const contenders = [];
    for (const size of SIZES) {
      const path = join(folder, String(size));
      await writeCommits(path, size);
      contenders.push({ system: `of ${size} entries`, run: () => openAndClose(path) });
    }
    const [small, large] = contenders;
    if (small === undefined || large === undefined) throw new Error("there are two sizes");
    return measure(
      {
        workload: "LevelDB, opening",
        unit: "operations",
        amount: 1,
        contenders: [small, large],
      },
      options,
    );
  });
}

/** What the store gives its driver for each commit. */
async function recordBatches(): Promise<(readonly DriverOperation<Uint8Array>[])[]> {
  const batches: (readonly DriverOperation<Uint8Array>[])[] = [];
  const driver = memoryDriver<Uint8Array>();
  const recording: typeof driver = {
    ...driver,
    commit: (operations, options) => {
      batches.push(operations);
      return driver.commit(operations, options);
    },
  };
  const store = await openStore(recording, { codec: CODEC });
  for (let start = 0; start < OPERATIONS; start += COMMIT) await store.write(sets(start));
  await store.close();
  return batches;
}

async function writeBatches(
  folder: string,
  batches: readonly (readonly DriverOperation<Uint8Array>[])[],
): Promise<number> {
  const db = new ClassicLevel<string, Uint8Array>(folder, { valueEncoding: "view" });
  await db.open();
  for (const operations of batches) {
    await db.batch(
      operations.map(({ key, row }) =>
        row === undefined ? { type: "del", key } : { type: "put", key, value: row },
      ),
      { sync: true },
    );
  }
  await db.close();
  return batches.length;
}

async function writeCommits(folder: string, operations: number = OPERATIONS): Promise<number> {
  const store = await LevelStore.open(new ClassicLevel(folder), { codec: CODEC });
  for (let start = 0; start < operations; start += COMMIT) await store.write(sets(start));
  await store.close();
  return operations;
}

async function openAndClose(folder: string): Promise<number> {
  const store = await LevelStore.open(new ClassicLevel(folder), { codec: CODEC });
  const { last } = await store.feed();
  await store.close();
  return last;
}

async function inFolder<T>(job: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "datahike-sync-bench-"));
  try {
    return await job(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The sets of a commit, encoded as they would come from a line. */
function sets(start: number) {
  return Array.from({ length: COMMIT }, (_, i) => {
    const value = encoded(CODEC, VALUES[(start + i) % VALUES.length] ?? new Uint8Array());
    return { op: "set", key: `key-${start + i}`, value } as const;
  });
}

/** Of bytes that no table makes shorter. */
const VALUES: readonly Uint8Array[] = Array.from({ length: 64 }, () =>
  CODEC.encode(crypto.getRandomValues(new Uint8Array(VALUE_BYTES))),
);
