/** Two stores in one process: what is written into one arrives in the other. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createReplicaContext, createSyncContext } from "@datahike-sync/core";
import { fromJs, toJs } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChannelServer } from "@datahike-sync/transport-channel";

const codec = msgpackCodec();
await using shop = await MemoryStore.open({ codec });
await using till = await MemoryStore.open({ codec });
await shop.set("apples", fromJs({ price: 3, left: 12 }));
await shop.set("pears", fromJs({ price: 4, left: 7 }));

await using server = new ChannelServer();
await using primary = createSyncContext({ codec });
const { storeId } = primary.registerStore(shop, { id: "shop" });
primary.serve(server);

await using replica = createReplicaContext({ codec });
const subscription = replica.subscribe(server.dial, storeId, till);
await subscription.synced();
console.log("synced", toJs((await till.get("apples")) ?? null));

subscription.onKey("apples", ({ value }) => console.log("live", toJs(value ?? null)));
const { cursor } = await shop.write([
  { op: "set", key: "apples", value: fromJs({ price: 3, left: 11 }) },
  { op: "delete", key: "pears" },
]);
if (cursor !== undefined) await subscription.awaitCursor(cursor);
console.log("pears are here:", await till.has("pears"));
