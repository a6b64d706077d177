/** What a tiered store costs where its frontend is warm, beside the frontend by itself. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import type { ReadableStore } from "@datahike-sync/core";
import { LevelStore } from "@datahike-sync/store-level";
import { MemoryStore } from "@datahike-sync/store-memory";
import { TieredStore } from "@datahike-sync/store-tiered";
import { ClassicLevel } from "classic-level";
import { type MeasureOptions, measure, type Row } from "./measure.ts";

const ENTRIES = 20_000;
const VALUE = "x".repeat(1024);

/** Times reads of every entry, one after the other, through memory before LevelDB. */
export async function measureTieredReads(options: MeasureOptions): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "datahike-sync-bench-"));
  const backend = await LevelStore.open(new ClassicLevel(folder), { codec: msgpackCodec() });
  const memory = await MemoryStore.open();
  const frontend = await MemoryStore.open({ feed: false });
  for (const store of [memory, backend]) {
    await store.write(KEYS.map((key) => ({ op: "set", key, value: VALUE, immutable: true })));
  }
  // What the first round reads is in memory from then on.
  const tiered = await TieredStore.open({ frontend, backend });
  try {
    return await measure(
      {
        workload: "tiered, warm reads",
        unit: "keys",
        amount: ENTRIES,
        contenders: [
          { system: "memory", run: () => readAll(memory) },
          { system: "memory before LevelDB", run: () => readAll(tiered) },
        ],
      },
      options,
    );
  } finally {
    await tiered.close();
    await rm(folder, { recursive: true });
  }
}

const KEYS: readonly string[] = Array.from({ length: ENTRIES }, (_, at) => `key-${at}`);

async function readAll(store: ReadableStore): Promise<number> {
  let length = 0;
  for (const key of KEYS) {
    const value = await store.get(key);
    if (typeof value === "string") length += value.length;
  }
  return length;
}
