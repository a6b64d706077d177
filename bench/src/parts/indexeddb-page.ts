/** In the page: a store in IndexedDB beside the same records, put by hand with Dexie. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  type Codec,
  type DriverOperation,
  encoded,
  type Operation,
  openStore,
  type Store,
} from "@datahike-sync/core";
import { DexieStore } from "@datahike-sync/store-dexie";
import { memoryDriver } from "@datahike-sync/store-memory";
import { Dexie } from "dexie";
import { type MeasureOptions, measure, type Row } from "./measure.ts";

const ENTRIES = 8_000;
/** About a mebibyte: what a replica gathers. */
const COMMIT = 1_000;
const VALUE_BYTES = 1_000;

const CODEC: Codec = msgpackCodec();

/** Times commits of a mebibyte, each strict, into a database that is empty. */
async function measureInPage(options: MeasureOptions): Promise<Row[]> {
  const commits = Array.from({ length: ENTRIES / COMMIT }, (_, i) => nodes(i * COMMIT));
  const batches = await recordBatches(commits);
  return measure(
    {
      workload: "IndexedDB, commits of 1 MiB",
      unit: "operations",
      amount: ENTRIES,
      contenders: [
        { system: "bulkPut by hand", run: () => putBatches(batches) },
        { system: "a store", run: () => writeStore(commits) },
      ],
    },
    options,
  );
}

type Batch = readonly DriverOperation<Uint8Array>[];

/** What the store gives its driver for each commit. */
async function recordBatches(commits: readonly (readonly Operation[])[]): Promise<Batch[]> {
  const batches: Batch[] = [];
  const driver = memoryDriver<Uint8Array>();
  const recording: typeof driver = {
    ...driver,
    commit: (operations, options) => {
      batches.push(operations);
      return driver.commit(operations, options);
    },
  };
  await writeAll(await openStore(recording, { codec: CODEC }), commits);
  return batches;
}

async function putBatches(batches: readonly Batch[]): Promise<number> {
  const dexie = new Dexie(newName(), { chromeTransactionDurability: "strict" });
  dexie.version(1).stores({ rows: "" });
  const rows = dexie.table<Uint8Array, string>("rows");
  for (const batch of batches) {
    const keys = batch.map(({ key }) => key);
    await rows.bulkPut(
      batch.flatMap(({ row }) => row ?? []),
      keys,
    );
  }
  await dexie.delete();
  return batches.length;
}

async function writeStore(commits: readonly (readonly Operation[])[]): Promise<number> {
  const store = await DexieStore.open({ name: newName(), codec: CODEC });
  await writeAll(store, commits);
  await store.destroy();
  return commits.length;
}

async function writeAll(store: Store, commits: readonly (readonly Operation[])[]): Promise<void> {
  for (const commit of commits) await store.write(commit);
}

function nodes(start: number): Operation[] {
  return Array.from({ length: COMMIT }, (_, i) => {
    const bytes = CODEC.encode(crypto.getRandomValues(new Uint8Array(VALUE_BYTES)));
    return { op: "set", key: `node-${start + i}`, value: encoded(CODEC, bytes), immutable: true };
  });
}

function newName(): string {
  return `bench-${crypto.randomUUID()}`;
}

Object.assign(globalThis, { measureInPage });
