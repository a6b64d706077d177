/** A first sync whose line breaks when half of it is done. */
import { entryBytes, KEY_DIGITS, KEY_PREFIX } from "../data/random-data.ts";
import { withPort } from "../pair.ts";
import { KeyCount } from "../relay/key-count.ts";
import type { Workload } from "./workload.ts";

/** `ms` is of the second line alone, bytes are of both; the `downBytes` of `resent` went down both. */
export const RESUME: Workload = {
  name: "resume",
  round: async (pair, isSampling) => {
    const bytesOfKey = entryBytes(pair.served.valueBytes);
    await pair.openReplicas(1);
    await using relay = await pair.openRelay();
    const address = withPort(pair.address, relay.port);
    const keys = new KeyCount(KEY_PREFIX, KEY_DIGITS);
    relay.countKeys(keys);
    const resume = await pair.measure(isSampling, async () => {
      const cut = relay.cutAfter((pair.served.keys * bytesOfKey) / 2);
      const first = pair.replica.ask("connect", address).catch(() => undefined);
      await cut;
      await pair.replica.ask("disconnect");
      await first;
      relay.mend();
      const { ms } = await pair.replica.ask("connect", address);
      return { ms };
    });
    await pair.replica.ask("disconnect");
    return { resume, resent: { downBytes: keys.again * bytesOfKey } };
  },
};
