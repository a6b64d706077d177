/** A replica whose disk is full in the middle of its first sync, until it is not. */
import { writeSync } from "node:fs";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type SyncError } from "@datahike-sync/core";
import { LevelStore } from "@datahike-sync/store-level";
import { Random } from "@datahike-sync/testing";
import { ChannelServer } from "@datahike-sync/transport-channel";
import { MemoryLevel } from "memory-level";
import { openIn } from "./classic-store.ts";
import { limitFiles } from "./file-limit.ts";

/** What it says at the end. */
export interface FullReplicaReport {
  /** Of the error that the first subscription ended with. */
  readonly code: string | undefined;
  /** Of the entries that the replica had then, how many it could still read. */
  readonly read: number;
  /** How many entries the second subscription has compared, and how many it has found different. */
  readonly different: number;
  readonly entries: number;
}

const ENTRIES = 300;

const [, , folder = ""] = process.argv;
const codec = msgpackCodec();
const random = new Random(0);
const primary = createSyncContext({ codec });
const replica = createSyncContext({ codec });
const server = new ChannelServer();
const original = await LevelStore.open(new MemoryLevel(), { codec });
const { storeId } = primary.registerStore(original, { id: "full disk" });
primary.serve(server);
await write("small", 10);
const copy = await openIn(folder);

let fail: (error: SyncError | undefined) => void = () => undefined;
const failed = new Promise<SyncError | undefined>((resolve) => {
  fail = resolve;
});
const first = replica.subscribe(server.dial, storeId, copy, {
  onStatus: ({ phase, error }) => phase === "failed" && fail(error),
});
await first.synced();
limitFiles(50_000);
await write("large", ENTRIES);
const error = await failed;
const before = await copy.getMany(Array.from({ length: 10 }, (_, i) => `small-${i}`));
limitFiles("unlimited");
const second = replica.subscribe(server.dial, storeId, copy);
await second.synced();
const { missing, different, extra } = await second.verify();
let entries = 0;
for await (const _ of copy.keys()) entries++;
writeSync(
  1,
  JSON.stringify({
    code: error?.code,
    read: before.filter((value) => value !== undefined).length,
    different: missing + different + extra,
    entries,
  } satisfies FullReplicaReport),
);
process.kill(process.pid, "SIGKILL");

async function write(name: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const value = Uint8Array.from({ length: 1000 }, () => random.below(256));
    await original.set(`${name}-${i}`, value);
  }
}
