/**
 * The original's handshake, re-enacted from its messages: konserve-sync on kabel.pubsub. A replica reports
 * when it wrote each of its keys; the server reads every value that is newer before it sends the first, then
 * sends them one by one, 20 to a batch, each batch when the one before was acknowledged. The original's own
 * timers, which add to its times, are left out.
 */

import { tellKeys } from "../stores.ts";
import type { System } from "../system.ts";
import { OriginalClient } from "./original-client.ts";
import { OriginalServer } from "./original-server.ts";

export const ORIGINAL: System = {
  name: "original",
  tellsDeletes: false,
  isSlow: true,
  server: async (setup) => new OriginalServer(await setup.openStore(), setup),
  client: async (setup, onKey) => {
    const store = await setup.openStore();
    tellKeys(store, onKey);
    return new OriginalClient(store, setup.codec);
  },
};
