/**
 * A primary as a process: a Datahike database in LevelDB, as it was some commits ago. It makes the next of
 * them again for each line that it reads, and ends with its input.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { createSyncContext } from "@datahike-sync/core";
import { LevelStore } from "@datahike-sync/store-level";
import { listen, nativeProtocol } from "@datahike-sync/transport-ws/server";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { ClassicLevel } from "classic-level";
import { jsonLog } from "../log.ts";
import { History } from "./history.ts";

const [folder = "primary", port = "0"] = process.argv.slice(2);
const log = jsonLog((line) => console.log(line));
const codec = fressianCodec({ handlers: fressianHandlers() });
await using store = await LevelStore.open(new ClassicLevel(folder), { codec });
const history = await History.open(store, codec);
await using server = await listen({
  host: "127.0.0.1",
  port: Number(port),
  protocols: [nativeProtocol(codec)],
});
await using context = createSyncContext({ codec });
const { storeId } = context.registerStore(store, { id: "shop" }, { walker: datahikeWalker() });
context.serve(server);
log("info", "started", { lines: server.address, store: String(storeId) });
const input = createInterface({ input: process.stdin });
input.on("line", () => {
  void history.next().then((seq) => log("info", "commit", { seq }));
});
await once(input, "close");
