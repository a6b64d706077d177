/** A primary that lives through recorded states again, and a replica that follows it over a line. */
import {
  type Codec,
  createSyncContext,
  type ReadableStore,
  type Store,
  type Walker,
} from "@datahike-sync/core";
import { type Keyword, keyword } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChannelServer } from "@datahike-sync/transport-channel";
import { Database } from "./database.ts";
import { commitBetween, type RecordedState } from "./recorded.ts";

/** One state's arrival at the replica. */
export interface Arrival {
  readonly commit: string | null;
  readonly maxTx: number;
  /** That were sent for it. */
  readonly keys: number;
  readonly bytes: number;
  /** From the commit, or the subscription, until it was durable at the replica. */
  readonly ms: number;
}

export interface ReplicateOptions {
  readonly source: ReadableStore;
  /** Of the source, the oldest first. */
  readonly states: readonly [RecordedState, ...RecordedState[]];
  readonly walker: Walker;
  /** Of the source, the stores and the line, so that no value is encoded anew. */
  readonly codec: Codec;
  /** Of which the arrivals tell. */
  readonly branch: Keyword;
  readonly onArrival: (arrival: Arrival) => void;
  readonly onProgress: (keys: number) => void;
}

/** The replica, when it has the last state. */
export async function replicate(options: ReplicateOptions): Promise<Store> {
  const { source, states, walker, codec, branch, onArrival, onProgress } = options;
  const [kept, copy] = [await MemoryStore.open({ codec }), await MemoryStore.open({ codec })];
  await using server = new ChannelServer();
  await using primary = createSyncContext({ codec });
  await using replica = createSyncContext({ codec });
  const { storeId } = primary.registerStore(kept, STORE, { walker });
  primary.serve(server);

  const [first, ...later] = states;
  await kept.write(await commitBetween(source, walker, undefined, first));
  const subscription = replica.subscribe(server.dial, storeId, copy, {
    onProgress: ({ received }) => onProgress(received),
  });
  const arrive = async (state: RecordedState, arrival: () => Promise<unknown>): Promise<void> => {
    const before = subscription.stats();
    const started = performance.now();
    await arrival();
    const ms = performance.now() - started;
    const { operations, bytes } = subscription.stats();
    const { maxTx } = await Database.open(copy, branch);
    onArrival({
      commit: state.commitId?.toString() ?? null,
      maxTx,
      keys: operations - before.operations,
      bytes: bytes - before.bytes,
      ms: Math.round(ms),
    });
  };
  await arrive(first, () => subscription.synced());
  let from = first;
  for (const to of later) {
    const operations = await commitBetween(source, walker, from, to);
    await arrive(to, async () => {
      const { cursor } = await kept.write(operations);
      if (cursor !== undefined) await subscription.awaitCursor(cursor);
    });
    from = to;
  }
  return copy;
}

/** Any configuration that both sides know: its hash is the store's id. */
const STORE = { backend: keyword("memory"), id: "inspected" };
