/** A replica that was away while something changed. */
import type { Pair } from "../pair.ts";
import type { Sample } from "../row.ts";
import type { Workload } from "./workload.ts";

/** So many keys were set, as one commit; of a database, so many commits were made. */
export function reconnect(changes: number): Workload {
  const name = `reconnect-${changes}`;
  return {
    name,
    prepare: (pair) => pair.openSyncedReplica(),
    round: async (pair, isSampling) => {
      if (pair.data.kind === "datahike") {
        await pair.serve(changes);
        await pair.openSyncedReplica();
        await pair.primary.ask("prepare", changes, 1);
      } else if (changes > 0) await pair.primary.ask("prepare", 1, changes);
      await pair.primary.ask("commit", 0);
      return { [name]: await reconnected(pair, isSampling) };
    },
  };
}

/** So many keys were deleted, as one commit. */
export function reconnectDeleted(keys: number): Workload {
  const name = `reconnect-${keys}-deleted`;
  return {
    name,
    round: async (pair, isSampling) => {
      await pair.openSyncedReplica();
      await pair.primary.ask("prepareRemoval", keys);
      await pair.primary.ask("commit", 0);
      const sample = await reconnected(pair, isSampling);
      // The same keys are set anew, for the next round and whatever follows.
      await pair.primary.ask("prepare", 1, keys);
      await pair.primary.ask("commit", 0);
      await pair.replica.ask("connect", pair.address);
      return { [name]: sample };
    },
  };
}

async function reconnected(pair: Pair, isSampling: boolean): Promise<Sample> {
  const sample = await pair.measure(isSampling, async () => {
    const { ms } = await pair.replica.ask("connect", pair.farAddress);
    return { ms };
  });
  await pair.replica.ask("disconnect");
  return sample;
}
