/** What the engine carries in a second, beside the same bytes copied without any protocol. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  type Codec,
  createSyncContext,
  type Encoded,
  encoded,
  type FeedOperation,
  isEncoded,
  type Operation,
  type SetOperation,
  type Store,
  type Subscription,
} from "@datahike-sync/core";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChannelServer } from "@datahike-sync/transport-channel";
import { type MeasureOptions, measure, type Row } from "./measure.ts";

/** Entries of the store that is followed from nothing. */
const ENTRIES = 100_000;
/** Operations of a run that are written one commit after the other. */
const OPERATIONS = 20_000;
const VALUE_BYTES = 1024;
/** Operations of one read and one write where nobody says how many. */
const BATCH = 512;
/** How much the writer is ahead of the replica at most, so that it never waits in vain for the queue. */
const AHEAD_BYTES = 2 * 2 ** 20;

const CODEC: Codec = msgpackCodec();

/** Times a subscription from nothing; stores in memory, all in one process. */
export async function measureFirstSync(options: MeasureOptions): Promise<Row[]> {
  await using pair = await Pair.open();
  const { store } = pair;
  for (let start = 0; start < ENTRIES; start += BATCH) {
    await store.write(sets(start, Math.min(BATCH, ENTRIES - start), 0));
  }
  return await measure(
    {
      workload: "first sync, 1 KiB each",
      unit: "operations",
      amount: ENTRIES,
      contenders: [
        { system: "copying the feed", run: () => copyFeed(store) },
        {
          system: "following over a channel",
          run: async () => {
            await using copy = await openStore();
            await using subscription = pair.follow(copy);
            await subscription.synced();
            return pair.sentBytes();
          },
          sends: true,
        },
      ],
    },
    options,
  );
}

/** Times commits of so many operations, from the first write until the replica has the last. */
export async function measureCommits(size: number, options: MeasureOptions): Promise<Row[]> {
  await using pair = await Pair.open();
  await using copy = await openStore();
  await using subscription = pair.follow(copy);
  await subscription.synced();
  await using one = await openStore();
  await using other = await openStore();
  let round = 0;
  return await measure(
    {
      workload: `commits of ${size}, 1 KiB each`,
      unit: "operations",
      amount: OPERATIONS,
      contenders: [
        { system: "writing both stores", run: () => writeBoth([one, other], size, round++) },
        {
          system: "following over a channel",
          run: async () => {
            await writeFollowed(pair.store, subscription, size, round++);
            return pair.sentBytes();
          },
          sends: true,
        },
      ],
    },
    options,
  );
}

/** A store that is served, and those who follow it. */
class Pair implements AsyncDisposable {
  readonly store: Store;
  readonly #server = new ChannelServer();
  readonly #primary = createSyncContext({ codec: CODEC });
  readonly #replica = createSyncContext({ codec: CODEC });
  readonly #storeId;
  #sentBytes = 0;

  private constructor(store: Store) {
    this.store = store;
    this.#storeId = this.#primary.registerStore(store, { id: "bench" }).storeId;
    this.#primary.serve(this.#server);
  }

  static async open(): Promise<Pair> {
    return new Pair(await openStore());
  }

  follow(copy: Store): Subscription {
    return this.#replica.subscribe(this.#server.dial, this.#storeId, copy);
  }

  /** What the primary has sent since this was last asked. */
  sentBytes(): number {
    const before = this.#sentBytes;
    this.#sentBytes = this.#primary.stats().sentBytes;
    return this.#sentBytes - before;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replica.close();
    await this.#primary.close();
    await this.#server.close();
    await this.store.close();
  }
}

/** The floor of a first sync: what has to be read, copied and written whatever the protocol. */
async function copyFeed(from: Store): Promise<number> {
  await using to = await openStore();
  let after = { seq: 0, place: Number.POSITIVE_INFINITY };
  for (;;) {
    const { rows, done } = await from.changes(after, { limit: BATCH });
    await to.write(rows.map(({ operation }) => withOwnBytes(operation)));
    after = rows.at(-1) ?? after;
    if (done) return after.seq;
  }
}

/** The floor of commits. */
async function writeBoth(
  [one, other]: readonly [Store, Store],
  size: number,
  round: number,
): Promise<number> {
  for (let start = 0; start < OPERATIONS; start += size) {
    const operations = sets(start, size, round);
    await one.write(operations);
    await other.write(operations.map(withOwnBytes));
  }
  return OPERATIONS;
}

async function writeFollowed(
  store: Store,
  subscription: Subscription,
  size: number,
  round: number,
): Promise<void> {
  let ahead = 0;
  for (let start = 0; start < OPERATIONS; start += size) {
    const { cursor } = await store.write(sets(start, size, round));
    ahead += size * VALUE_BYTES;
    const isLast = start + size >= OPERATIONS;
    if (cursor === undefined || (ahead < AHEAD_BYTES && !isLast)) continue;
    await subscription.awaitCursor(cursor);
    ahead = 0;
  }
}

function openStore(): Promise<Store> {
  return MemoryStore.open({ codec: CODEC });
}

/** Sets of neighbouring keys, encoded as a store on disk has them; each round sets other values. */
function sets(start: number, count: number, round: number): SetOperation[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = VALUES[(start + i + round) % VALUES.length] ?? new Uint8Array();
    return { op: "set", key: `key-${start + i}`, value: encoded(CODEC, bytes.slice()) };
  });
}

/** So many that neighbours differ, and the same key in the next round. */
const VALUES: readonly Uint8Array[] = Array.from({ length: 251 }, (_, i) =>
  CODEC.encode(Uint8Array.from({ length: VALUE_BYTES }, (_, at) => (at * (i + 1)) % 256)),
);

/** As it would come from a line. */
function withOwnBytes(operation: Operation | FeedOperation): Operation {
  if (operation.op === "delete" || !isEncoded(operation.value)) return operation;
  const value: Encoded = encoded(CODEC, operation.value.bytes.slice());
  return { ...operation, value };
}
