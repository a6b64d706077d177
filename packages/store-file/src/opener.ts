/** What a store has while it is open for writing, from its lock to its commits. */
import type { Commit } from "@datahike-sync/core";
import { besideOf } from "./beside.ts";
import { Commits } from "./commits.ts";
import type { Disk } from "./disk.ts";
import { diskFailure } from "./disk-failure.ts";
import { erase, finishErasing } from "./erasing.ts";
import { FileWriter } from "./file-writer.ts";
import type { Folder } from "./folder.ts";
import type { Format } from "./format.ts";
import type { Gate } from "./gate.ts";
import { Journal } from "./journal.ts";
import { Lock } from "./lock.ts";
import { StageFiles } from "./stage-files.ts";
import type { Standings } from "./standings.ts";

export interface OpenerOptions {
  readonly disk: Disk;
  /** Konserve's folder; the other is there, too. */
  readonly path: string;
  readonly folder: Folder;
  readonly format: Format;
  readonly standings: Standings;
  readonly gate: Gate;
  readonly now: () => number;
  /** The id of the era that its commits belong to. */
  readonly era: string;
  readonly onCommit: (commit: Commit) => void;
}

export class Opener {
  readonly commits: Commits;
  readonly stages: StageFiles;
  readonly #disk: Disk;
  readonly #path: string;
  readonly #lock: Lock;
  readonly #journal: Journal;

  private constructor(options: OpenerOptions, lock: Lock, journal: Journal, writer: FileWriter) {
    const { disk, path, format } = options;
    this.#disk = disk;
    this.#path = path;
    this.#lock = lock;
    this.#journal = journal;
    const stages = new StageFiles({ disk, beside: besideOf(path), format });
    this.stages = stages;
    this.commits = new Commits({ ...options, writer, stages, lock });
  }

  /** Finishes what the one before has left unfinished. @throws {SyncError} `STORE_LOCKED`. */
  static async open(options: OpenerOptions): Promise<Opener> {
    const { disk, path, format, standings, gate } = options;
    const beside = besideOf(path);
    const lock = await Lock.take(disk, beside);
    try {
      await finishErasing(disk, path);
      const journal = await Journal.open({ disk, folder: path, beside, gate });
      const writer = new FileWriter({ disk, beside, format, standings, journal });
      await writer.clean();
      return new Opener(options, lock, journal, writer);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Lets the next one write. Nothing is under way. */
  async close(): Promise<void> {
    if (!(await this.#lock.isHeld())) return;
    try {
      await this.#journal.finish();
      await this.#journal.settle();
    } catch (cause) {
      throw diskFailure(cause);
    } finally {
      await this.#lock.release();
    }
  }

  /** @throws {SyncError} `STORE_LOCKED` when the lock was removed by hand. */
  checkLock(): Promise<void> {
    return this.#lock.check();
  }

  /** Removes everything that is konserve's or this store's, and the folders if nothing else is there. */
  destroy(): Promise<void> {
    return erase(this.#disk, this.#path);
  }
}
