/** Reads and writes of a database, which is opened again after a write that failed. */
import { SyncError } from "@datahike-sync/core";
import type { LevelDatabase, LevelOperation } from "./level-database.ts";
import { type Damage, damageOf, toKnown } from "./level-failure.ts";

/**
 * When a write fails, LevelDB leaves half a record in its log and goes on behind it; when it is opened
 * the next time it drops what stands there, commits among it that it had acknowledged. So nothing more
 * is written until the database was closed and opened, which drops that half alone.
 *
 * To open it takes room too, and a database that cannot be opened cannot be read. So a disk that is full
 * is tried by a record that nobody misses, and reads go on until that one is written.
 */
export class LevelAccess {
  readonly #db: LevelDatabase;
  /** What the last write has left, if it failed. */
  #damage: Damage | undefined;
  #isOpen = true;
  #opening: Promise<void> | undefined;
  #reading = 0;
  #idle: () => void = () => undefined;

  constructor(db: LevelDatabase) {
    this.#db = db;
  }

  /** Runs a job that waits for nothing but the database. */
  async read<T>(job: () => Promise<T>): Promise<T> {
    while (!this.#isOpen) await this.#open();
    this.#reading++;
    try {
      return await job();
    } catch (error) {
      throw toKnown(error);
    } finally {
      this.#reading--;
      if (this.#reading === 0) this.#idle();
    }
  }

  /** Resolves when all operations are on disk. One at a time. */
  async write(operations: LevelOperation[]): Promise<void> {
    await this.#mend();
    try {
      await this.#db.batch(operations, SYNCED);
    } catch (error) {
      this.#damage = damageOf(error);
      throw toKnown(error);
    }
  }

  async close(): Promise<void> {
    try {
      await this.#db.close();
    } catch (error) {
      throw toKnown(error);
    }
  }

  async destroy(): Promise<void> {
    try {
      await this.write([{ type: "put", key: ERASING_KEY, value: new Uint8Array(0) }]);
      await this.read(() => this.#db.clear());
    } finally {
      await this.close();
    }
  }

  async #mend(): Promise<void> {
    if (this.#damage === undefined && this.#isOpen) return;
    // To close and open one changes nothing of the database that it is in, which is not ours.
    if (this.#db.parent) throw notMended();
    if (this.#damage === "half-record" && this.#isOpen) await this.#probe();
    this.#isOpen = false;
    await this.#open();
  }

  async #probe(): Promise<void> {
    try {
      await this.#db.batch(PROBE, SYNCED);
    } catch (error) {
      // It may have stopped since, as it compacted: then nothing but opening it tells more.
      if (damageOf(error) !== "stopped") throw toKnown(error);
    }
  }

  /** Whoever comes meanwhile waits for the same opening, and after one that failed begins another. */
  #open(): Promise<void> {
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #reopen(): Promise<void> {
    while (this.#reading > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.close();
    try {
      await this.#db.open();
    } catch (error) {
      throw toKnown(error);
    }
    this.#damage = undefined;
    this.#isOpen = true;
  }
}

/**
 * Every write is synced, also where it need not be on disk yet: LevelDB closes a log that is full
 * without syncing it, and the sync of a later write is that of another log.
 */
const SYNCED = { keyEncoding: "utf8", valueEncoding: "view", sync: true } as const;

/** No row has this key. */
const PROBE: LevelOperation[] = [{ type: "del", key: "~" }];

/** Behind all rows: where they are erased one after the other, it goes last. */
const ERASING_KEY = "~erasing";

/** Erases what is left of a store whose eraser was killed: half of one would look like one. */
export async function finishErasing(db: LevelDatabase): Promise<void> {
  const mark = await db.get(ERASING_KEY, { keyEncoding: "utf8", valueEncoding: "view" });
  if (mark !== undefined) await db.clear();
}

function notMended(): SyncError {
  return new SyncError("STORE_CLOSED", "a write has failed, and the database was not opened since");
}
