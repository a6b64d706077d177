import { createSyncContext, type Operation, type Store } from "@datahike-sync/core";
import type { Uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import { type WsDialer, wsDialer } from "@datahike-sync/transport-ws/client";
import { NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { expect, onTestFinished, test } from "vitest";
import { PLAIN_STORE, WALKED_STORE } from "./besieged-terms.ts";
import { serve } from "./ends.ts";
import { CODEC } from "./hostile-peer.ts";
import { listWalker, POINTER } from "./list-walker.ts";
import { LyingRelay } from "./lying-relay.ts";

/** A tenth of them in `npm test`. */
const LIES = cases(5_000);
const ENTRIES = 100;
const AT_ONCE = 8;
/** How long somebody believes what comes to nothing. */
const LONGEST_MS = 100;

test(`whatever a primary says, a replica goes on, and follows again when it is true (seed ${seed})`, async () => {
  const { server } = await serve();
  const [plain, walked] = [await openMemory(), await openMemory()];
  const primary = createSyncContext({ codec: CODEC, limits: { batchOperations: 8 } });
  primary.registerStore(plain, PLAIN_STORE);
  primary.registerStore(walked, WALKED_STORE, { walker: listWalker() });
  primary.serve(server);
  const relay = await LyingRelay.open(server.address, new Random(0, seed));
  const faults: string[] = [];
  const limits = { backoffMinMs: 1, backoffMaxMs: 4, helloTimeoutMs: 100, stillMs: 1 };
  const replica = createSyncContext({ codec: CODEC, limits });
  replica.onEvent((event) => {
    if (event.type === "fault") faults.push(String(event.error.cause));
  });
  onTestFinished(async () => {
    await replica.close();
    await primary.close();
  });
  for (let commit = 1; relay.lies < LIES; commit++) {
    await change(plain, walked, commit);
    const followers = Array.from({ length: AT_ONCE }, (_, at) =>
      follow(at % 2 === 0 ? PLAIN_STORE : WALKED_STORE),
    );
    await change(plain, walked, ++commit);
    await Promise.all(followers);
    expect(faults, `after ${relay.lies} lies of seed ${seed}`).toEqual([]);
  }

  /** Follows lies until that has failed or come to something, and then what is true. */
  async function follow(storeId: Uuid): Promise<void> {
    const store = await openMemory();
    const misled = replica.subscribe(dialerOf(relay.address), storeId, store);
    const signal = AbortSignal.timeout(LONGEST_MS);
    await misled.synced({ signal }).catch(() => undefined);
    await misled.close();
    const told = replica.subscribe(dialerOf(server.address), storeId, store);
    await told.synced();
    await told.verify();
    await told.close();
  }
}, 2_000_000);

function dialerOf(address: string): WsDialer {
  return wsDialer(address, { WebSocket: NodeWebSocket });
}

function openMemory(): Promise<MemoryStore> {
  return MemoryStore.open({ codec: CODEC });
}

async function change(plain: Store, walked: Store, commit: number): Promise<void> {
  const names = Array.from({ length: ENTRIES }, (_, at) => `node ${commit} ${at}`);
  const nodes = names.map((key): Operation => ({ op: "set", key, value: key, immutable: true }));
  await walked.write([...nodes, { op: "set", key: POINTER, value: [commit, ...names] }]);
  await plain.write(names.map((_, at) => ({ op: "set", key: `cell ${at}`, value: commit })));
}
