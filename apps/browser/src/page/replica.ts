/** The replica: memory before IndexedDB, filled by a walk, following the server. */
import {
  createReplicaContext,
  isSyncError,
  type Subscription,
  type Walker,
} from "@datahike-sync/core";
import { storeId } from "@datahike-sync/core/store-id";
import { DexieStore } from "@datahike-sync/store-dexie";
import { MemoryStore } from "@datahike-sync/store-memory";
import { TieredStore, type WalkSyncProgress } from "@datahike-sync/store-tiered";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { databaseCodec, STORE_CONFIG } from "../agreement.ts";
import type { Line } from "./line.ts";

export class Replica {
  readonly store: TieredStore;
  readonly #walker: Walker;

  private constructor(store: TieredStore, walker: Walker) {
    this.store = store;
    this.#walker = walker;
  }

  /**
   * Opens what this browser has of the database.
   *
   * @throws {SyncError} `STORE_UNAVAILABLE` where the browser keeps nothing.
   */
  static async open(): Promise<Replica> {
    const walker = datahikeWalker();
    const backend = await DexieStore.open({ name: "items", codec: databaseCodec() });
    const frontend = await MemoryStore.open({ feed: false });
    return new Replica(await TieredStore.open({ frontend, backend, walker }), walker);
  }

  /** Reads into memory what the database reaches, so that from then on nothing waits for the disk. */
  async warm(onProgress: (progress: WalkSyncProgress) => void): Promise<void> {
    try {
      await this.store.walkSync({ walker: this.#walker, onProgress });
    } catch (error) {
      // Commits came faster than it walked. What it has not got, reads bring.
      if (!isSyncError(error, "NODE_MISSING")) throw error;
    }
  }

  /** Forgets what has gone since the page was last opened: nobody follows it who has to be told. */
  async tidy(): Promise<void> {
    await this.store.compact();
  }

  /** Follows the server; what no commit reaches any more goes. */
  follow(line: Line): Subscription {
    const context = createReplicaContext({
      codec: databaseCodec(),
      onWake: line.onWake,
      // Somebody looks on: half a minute between two attempts would be long, and so would a whole second
      // before the tab to which the other was ahead in taking a commit goes on.
      limits: { backoffMaxMs: 2_000, stillMs: 200 },
    });
    return context.subscribe(line.dial, storeId(STORE_CONFIG), this.store, {
      walker: this.#walker,
      prune: "unreachable",
    });
  }
}
