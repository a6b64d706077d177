/** The primary: a Datahike database in LevelDB that goes through its recorded commits again. */
import type { Server } from "node:http";
import { type Codec, createSyncContext, type Store, type SyncContext } from "@datahike-sync/core";
import { equals } from "@datahike-sync/edn";
import { LevelStore } from "@datahike-sync/store-level";
import { listen, nativeProtocol, type WsServer } from "@datahike-sync/transport-ws/server";
import { commitIdOf, datahikeWalker, isDbRecord } from "@datahike-sync/walker-datahike";
import { ClassicLevel } from "classic-level";
import { BRANCH, databaseCodec, STORE_CONFIG, SYNC_PATH } from "../agreement.ts";
import type { RecordedCommit } from "./recorded-commits.ts";

export class Primary implements AsyncDisposable {
  /** How many commits there are before it begins again. */
  readonly commits: number;
  readonly #recorded: readonly RecordedCommit[];
  readonly #store: Store;
  readonly #context: SyncContext;
  readonly #lines: WsServer;
  /** Of the commit that the database is at. */
  #position: number;

  private constructor(
    recorded: readonly RecordedCommit[],
    { store, context, lines, position }: Opened & { position: number },
  ) {
    this.commits = recorded.length;
    this.#recorded = recorded;
    this.#store = store;
    this.#context = context;
    this.#lines = lines;
    this.#position = position;
  }

  /**
   * Opens the database of a folder, which begins at the first commit where the folder is new, and serves
   * it to those who ask `http` for a line.
   *
   * @param recorded The commits that it goes through.
   * @throws {SyncError} `STORE_LOCKED` when another process has the folder open.
   */
  static async open(
    folder: string,
    http: Server,
    recorded: readonly RecordedCommit[],
  ): Promise<Primary> {
    const codec = databaseCodec();
    const store = await LevelStore.open(new ClassicLevel(folder), { codec });
    try {
      const position = await positionIn(store, recorded);
      return new Primary(recorded, { ...(await serve(store, codec, http)), position });
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get position(): number {
    return this.#position;
  }

  /** Makes the next commit, or after the last sets the head back to the first. */
  async next(): Promise<void> {
    this.#position = (this.#position + 1) % this.commits;
    // Back at the first, its nodes are all there: of its operations only the pointer changes anything.
    await this.#store.write(this.#recorded[this.#position]?.operations ?? []);
  }

  /** Ends all lines. What was committed is in the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await this.#lines.close();
    await this.#store.close();
  }
}

interface Opened {
  readonly store: Store;
  readonly context: SyncContext;
  readonly lines: WsServer;
}

async function serve(store: Store, codec: Codec, http: Server): Promise<Opened> {
  const lines = await listen({
    server: http,
    path: SYNC_PATH,
    protocols: [nativeProtocol(codec)],
  });
  const context = createSyncContext({ codec });
  context.registerStore(store, STORE_CONFIG, { walker: datahikeWalker() });
  context.serve(lines);
  return { store, context, lines };
}

/** The commit that a store is at: where it was when it was closed. */
async function positionIn(store: Store, recorded: readonly RecordedCommit[]): Promise<number> {
  const head = await store.get(BRANCH);
  const id = (isDbRecord(head) && commitIdOf(head)) || null;
  const position = recorded.findIndex((commit) => equals(commit.id, id));
  if (position !== -1) return position;
  await store.write(recorded[0]?.operations ?? []);
  return 0;
}
