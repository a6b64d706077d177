/**
 * A primary in a process of its own, which others attack: it serves a plain store, one with a walker and
 * one that nobody may have, commits to the first two all the time, and tells how it is at another port.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type Operation } from "@datahike-sync/core";
import { MemoryStore } from "@datahike-sync/store-memory";
import { listen } from "@datahike-sync/transport-ws/server";
import {
  FORBIDDEN_STORE,
  PLAIN_STORE,
  SIEGE_LIMITS,
  TICK,
  WALKED_STORE,
} from "./besieged-terms.ts";
import { listWalker, POINTER } from "./list-walker.ts";

const ENTRIES = 1_000;
const VALUE_BYTES = 200;
const TICK_MS = 50;
/** How long a node stays that no pointer reaches any more. */
const KEPT_TICKS = 100;

const codec = msgpackCodec();
const plain = await MemoryStore.open({ codec });
const walked = await MemoryStore.open({ codec });
const faults: string[] = [];
let ticks = 0;

await plain.write(Array.from({ length: ENTRIES }, (_, i) => entry(i, false)));
await walked.write([
  ...Array.from({ length: ENTRIES }, (_, i) => entry(i, true)),
  pointer(ENTRIES),
]);

const context = createSyncContext({ codec, limits: SIEGE_LIMITS.engine });
context.onEvent((event) => {
  if (event.type === "fault") faults.push(`${event.error.message}: ${stackOf(event.error.cause)}`);
});
context.registerStore(plain, PLAIN_STORE);
context.registerStore(walked, WALKED_STORE, { walker: listWalker() });
context.registerStore(plain, FORBIDDEN_STORE, { authorize: () => false });
const server = await listen({ host: "127.0.0.1", ...SIEGE_LIMITS.server });
context.serve(server);

const collectGarbage = garbageCollector();
const control = createServer((_, response) => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const { lines, subscribers } = context.stats();
  response.end(JSON.stringify({ bytes: heapUsed + external, lines, subscribers, ticks, faults }));
});
await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
const { port } = control.address() as AddressInfo;
process.stdout.write(`${JSON.stringify([server.address, `http://127.0.0.1:${port}`])}\n`);
// Whose tests have ended without ending it is nobody's any more.
process.stdout.on("error", () => process.exit());

for (;;) {
  await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  ticks++;
  await plain.set(TICK, ticks);
  const old = Math.max(ENTRIES, ENTRIES + ticks - KEPT_TICKS);
  const forgotten = { op: "delete", key: `entry ${old}` } as const;
  await walked.write([entry(ENTRIES + ticks, true), pointer(ENTRIES), forgotten]);
}

function entry(number: number, immutable: boolean): Operation {
  const value = new Uint8Array(VALUE_BYTES).fill(number);
  return { op: "set", key: `entry ${number}`, value, immutable };
}

/** Names the first entries, and that of the last tick. */
function pointer(count: number): Operation {
  const names = Array.from({ length: count }, (_, i) => `entry ${i}`);
  return { op: "set", key: POINTER, value: [ticks, `entry ${ENTRIES + ticks}`, ...names] };
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
