import { join } from "node:path";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type Store } from "@datahike-sync/core";
import { fromJs, print } from "@datahike-sync/edn";
import { LevelStore } from "@datahike-sync/store-level";
import { listen } from "@datahike-sync/transport-ws/server";
import { ClassicLevel } from "classic-level";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { BUILD_TIMEOUT_MS, build, makeFolder, startService } from "./processes.ts";

const codec = msgpackCodec();
const DEFAULTS = { codec: "msgpack", walker: "none" };

beforeAll(build, BUILD_TIMEOUT_MS);

test("plain values arrive through a relay, and what was deleted while it was away goes", async () => {
  const folder = await makeFolder();
  const shop = await openIn(join(folder, "shop"));
  await shop.write([
    { op: "set", key: "apples", value: fromJs({ price: 3, left: 12 }) },
    { op: "set", key: "pears", value: fromJs({ price: 4, left: 7 }) },
  ]);
  const server = await listen({ host: "127.0.0.1" });
  const primary = createSyncContext({ codec });
  const { storeId } = primary.registerStore(shop, { id: "shop" });
  primary.serve(server);
  onTestFinished(async () => {
    await primary.close();
    await server.close();
    await shop.close();
  });
  const [at, store] = [server.address, '{:id "shop"}'];
  const there = { ...DEFAULTS, primary: at, store, folder: join(folder, "relay") };
  const relay = await startService(there);
  const here = { ...DEFAULTS, primary: relay.lines, store: String(storeId) };
  const replica = await startService({ ...here, folder: join(folder, "till") });
  await replica.has(1);

  expect(await relay.end("SIGTERM")).toBe(0);
  await shop.delete("pears");
  const { cursor } = await shop.set("apples", fromJs({ price: 3, left: 11 }));
  const again = await startService({ ...there, port: relay.port });
  await again.has(cursor?.seq ?? 0);
  await replica.has(cursor?.seq ?? 0);
  expect([await again.end("SIGTERM"), await replica.end("SIGTERM")]).toEqual([0, 0]);
  const entries = await entriesOf(shop);
  expect(entries).toHaveLength(1);
  for (const name of ["relay", "till"]) {
    await using copy = await openIn(join(folder, name));
    expect(await entriesOf(copy)).toEqual(entries);
  }
});

function openIn(folder: string): Promise<Store> {
  return LevelStore.open(new ClassicLevel(folder), { codec });
}

async function entriesOf(store: Store): Promise<string[]> {
  const entries: string[] = [];
  for await (const { key } of store.keys()) {
    entries.push(print([key, (await store.get(key)) ?? null]));
  }
  return entries.toSorted();
}
