/** Makes several changes of files one: what is decided is done, whenever the process or the power ends. */
import { join } from "node:path";
import { SyncError } from "@datahike-sync/edn";
import { type Disk, hasCode, removeIfThere } from "./disk.ts";
import type { Gate } from "./gate.ts";
import { RecordFiles } from "./record-files.ts";
import { forEach } from "./work.ts";

/** A file that is written already, under a name in the folder beside, and the name that it gets. */
export type Move = readonly [from: string, to: string];

/** What becomes of the files of a store. */
export interface FileChanges {
  /** Files of the folder that others point to. */
  readonly nodes: readonly Move[];
  /** Its other files, in their order. */
  readonly cells: readonly Move[];
  readonly removed: readonly string[];
  /** Files of the folder beside. */
  readonly beside: readonly Move[];
  readonly removedBeside: readonly string[];
}

/** How far a store has come with the changes that were made last. */
export interface StoreState {
  /** The time that the store's clock has reached. */
  readonly clock: number;
  /** The number of the last commit. */
  readonly last: number;
}

export interface JournalOptions {
  readonly disk: Disk;
  /** Konserve's folder. */
  readonly folder: string;
  /** The folder beside it. */
  readonly beside: string;
  /** Lets nobody read while changes are made. */
  readonly gate: Gate;
}

/**
 * Its last record says which changes were decided, and whether they were made. Changes may be made twice:
 * a file that no longer has its first name has the second.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #records: RecordFiles<JournalRecord>;
  #state: StoreState = { clock: 0, last: 0 };
  /** What was decided, or may be, and is not known to be made. */
  #left: Decided | undefined;
  /** Whether any file has been changed of what is being made. */
  #isBegun = false;
  /** Whether after a failure of power the last record may be one whose changes were made long ago. */
  #isStale = false;

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#records = new RecordFiles(options.disk, join(options.beside, "journal"));
  }

  /** Makes what was decided before and is left. */
  static async open(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options);
    const record = await journal.#records.read();
    // The files of the first time have their names.
    await options.disk.syncFolder(options.beside);
    if (record?.isMade === false) journal.#left = checked(record);
    else if (record !== undefined) journal.#state = record.state;
    await journal.finish();
    return journal;
  }

  /** With the last changes that were made. */
  get state(): StoreState {
    return this.#state;
  }

  /** Whether changes failed that are to be made all the same, before any others. */
  get isBehind(): boolean {
    return this.#left !== undefined;
  }

  /** Makes the changes that are behind. */
  async finish(): Promise<void> {
    if (this.#left === undefined) return;
    await this.#make(this.#left);
    this.#isStale = true;
    await this.settle();
  }

  /**
   * Makes all changes; none may be behind. What the files to be moved hold is on disk.
   *
   * @param state What {@link Journal.state} will be.
   * @throws What the disk throws. Nothing is changed then, unless {@link Journal.isBehind}.
   */
  async change(changes: FileChanges, state: StoreState): Promise<void> {
    if (countOf(changes) > 1) await this.#decide(changes, state);
    // What that would remove again may be about to be there.
    else if (this.#isStale) await this.settle();
    await this.#make({ changes, state });
    // Not synced: for those who open the store when this process was killed. Others make it twice.
    const made = { changes: NO_CHANGES, state, isMade: true };
    await this.#records.write(made, false).catch(() => {
      this.#isStale = true;
    });
  }

  /** Has it on disk that nothing is left to be made. */
  async settle(): Promise<void> {
    await this.#records.write({ changes: NO_CHANGES, state: this.#state, isMade: true }, true);
    this.#isStale = false;
  }

  async #decide(changes: FileChanges, state: StoreState): Promise<void> {
    // A file that is not under its first name later has to be one that was moved.
    await this.#options.disk.syncFolder(this.#options.beside);
    this.#isStale = true;
    this.#left = { changes, state };
    try {
      await this.#records.write({ changes, state, isMade: false }, true);
    } catch (error) {
      // If it may be there all the same, it counts.
      if (await this.#records.withdraw()) this.#left = undefined;
      throw error;
    }
  }

  async #make(decided: Decided): Promise<void> {
    this.#isBegun = false;
    try {
      await this.#options.gate.change(async () => {
        await this.#changeFiles(decided.changes);
        this.#left = undefined;
        this.#state = decided.state;
      });
    } catch (error) {
      // Others may have seen it, so it counts.
      if (this.#isBegun) this.#left = decided;
      throw error;
    }
  }

  /** In an order in which no other process that reads the folder misses a node, nor after the power failed. */
  async #changeFiles(changes: FileChanges): Promise<void> {
    const { disk, folder, beside: besideFolder } = this.#options;
    const { nodes, cells, removed, beside, removedBeside } = changes;
    await forEach(nodes, (move) => this.#move(move, folder));
    if (nodes.length > 0) await disk.syncFolder(folder);
    for (const move of cells) await this.#move(move, folder);
    if (cells.length > 0) await disk.syncFolder(folder);
    await forEach(removed, (name) => this.#remove(name, folder));
    if (removed.length > 0) await disk.syncFolder(folder);
    await forEach(beside, (move) => this.#move(move, besideFolder));
    await forEach(removedBeside, (name) => this.#remove(name, besideFolder));
    if (beside.length + removedBeside.length > 0) await disk.syncFolder(besideFolder);
  }

  async #move([from, to]: Move, folder: string): Promise<void> {
    try {
      await this.#options.disk.rename(join(this.#options.beside, from), join(folder, to));
      this.#isBegun = true;
    } catch (error) {
      // It was moved before.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }

  async #remove(name: string, folder: string): Promise<void> {
    await removeIfThere(this.#options.disk, join(folder, name));
    this.#isBegun = true;
  }
}

interface Decided {
  readonly changes: FileChanges;
  /** Once they are made. */
  readonly state: StoreState;
}

interface JournalRecord extends Decided {
  readonly isMade: boolean;
}

const NO_CHANGES: FileChanges = {
  nodes: [],
  cells: [],
  removed: [],
  beside: [],
  removedBeside: [],
};

function countOf({ nodes, cells, removed, beside, removedBeside }: FileChanges): number {
  return nodes.length + cells.length + removed.length + beside.length + removedBeside.length;
}

const NAME = /^[0-9a-z-]+(?:\.ksv)?$/;

/** Names only, no paths: whoever can write a journal can have nothing changed elsewhere. */
function checked(decided: Decided): Decided {
  const { nodes, cells, removed, beside, removedBeside } = decided.changes;
  const names = [...[...nodes, ...cells, ...beside].flat(), ...removed, ...removedBeside];
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong === undefined) return decided;
  throw new SyncError("ENTRY_UNREADABLE", "the journal names a file that is none of the store's");
}
