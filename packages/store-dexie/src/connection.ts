/** The connection to a database: made when it is needed, and again when the browser has ended it. */
import { SyncError } from "@datahike-sync/edn";
import { Dexie } from "dexie";
import { isLost, toFailure } from "./failure.ts";

/** The object store with everything. */
export const ROWS = "rows";

/** Of what lies in the database. Dexie counts in tenths. */
const LAYOUT = 1;

/** Who closes a connection because somebody asks for it may have to end a transaction first. */
const PATIENCE_MS = 2_000;

export class Connection {
  readonly #dexie: Dexie;
  /** Whether the database was there. From then on it is not made: who has lost it must know. */
  #isKnown = false;
  #opening: Promise<IDBDatabase> | undefined;
  #onBlocked: () => void = () => undefined;

  private constructor(name: string) {
    this.#dexie = new Dexie(name, { addons: [], autoOpen: false });
    this.#dexie.version(LAYOUT).stores({ [ROWS]: "" });
    // Instead of Dexie's own, which print. Who keeps a connection keeps others from upgrading or erasing.
    this.#dexie.on("versionchange", () => {
      this.#dexie.close({ disableAutoOpen: false });
      return false;
    });
    this.#dexie.on("blocked", () => {
      this.#onBlocked();
      return false;
    });
    this.#dexie.on("populate", () => {
      if (this.#isKnown) throw erased();
    });
  }

  /** @throws {SyncError} `STORE_UNAVAILABLE`, `STORE_LOCKED`, `QUOTA_EXCEEDED`, `CODEC_UNSUPPORTED`. */
  static async open(name: string): Promise<Connection> {
    const connection = new Connection(name);
    try {
      await connection.run(() => Promise.resolve());
    } catch (error) {
      connection.#dexie.close();
      throw error;
    }
    return connection;
  }

  /**
   * What a job makes of the database. Where the connection turns out to be lost, it is run once more on
   * another: it must not matter whether it was done before.
   *
   * @throws {SyncError} as {@link Connection.open}; `STORE_NOT_FOUND` when there is no database any more.
   */
  async run<T>(job: (database: IDBDatabase, isRetry: boolean) => Promise<T>): Promise<T> {
    for (let isRetry = false; ; isRetry = true) {
      let database: IDBDatabase | undefined;
      try {
        database = await this.#connected();
        return await job(database, isRetry);
      } catch (error) {
        if (isRetry || !isLost(error)) throw await toFailure(error);
        // Unless somebody else has done so, and connected again.
        if (database === this.#dexie.backendDB()) this.#dexie.close({ disableAutoOpen: false });
      }
    }
  }

  async close(): Promise<void> {
    // What is just being opened would stay open.
    await this.#opening?.catch(() => undefined);
    this.#dexie.close();
  }

  /** @throws {SyncError} `STORE_LOCKED` when somebody keeps a connection: it is erased when that ends. */
  async destroy(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#unlessBlocked(this.#dexie.delete());
  }

  #connected(): Promise<IDBDatabase> {
    if (this.#dexie.isOpen()) return Promise.resolve(this.#dexie.backendDB());
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<IDBDatabase> {
    await this.#unlessBlocked(this.#dexie.open());
    const database = this.#dexie.backendDB();
    // Dexie opens later versions too.
    if (database.version >= 10 * (LAYOUT + 1)) {
      this.#dexie.close({ disableAutoOpen: false });
      throw new SyncError("CODEC_UNSUPPORTED", "the database is of a later version", {
        details: { version: database.version / 10 },
      });
    }
    this.#isKnown = true;
    return database;
  }

  async #unlessBlocked(work: PromiseLike<unknown>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const blocked = new Promise<never>((_, reject) => {
      this.#onBlocked = () => {
        timer ??= setTimeout(() => {
          // It will be done in the end, when nobody waits for it any more.
          void work.then(
            () => this.#dexie.close({ disableAutoOpen: false }),
            () => undefined,
          );
          reject(new SyncError("STORE_LOCKED", "somebody keeps a connection to the database"));
        }, PATIENCE_MS);
      };
    });
    try {
      await Promise.race([work, blocked]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function erased(): SyncError {
  return new SyncError("STORE_NOT_FOUND", "the database was erased meanwhile");
}
