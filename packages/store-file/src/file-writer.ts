/** Writes what a commit changes: every file under another name first, then all of them at once. */
import { join } from "node:path";
import type { StandingChange } from "@datahike-sync/core";
import { type Disk, removeIfThere, withFile, writeAll } from "./disk.ts";
import type { Known } from "./draft.ts";
import type { Format } from "./format.ts";
import type { FileChanges, Journal, Move, StoreState } from "./journal.ts";
import { type Standings, standingName } from "./standings.ts";
import { forEach } from "./work.ts";

export interface FileWriterOptions {
  readonly disk: Disk;
  /** The folder beside konserve's. */
  readonly beside: string;
  readonly format: Format;
  readonly standings: Standings;
  readonly journal: Journal;
}

export class FileWriter {
  readonly #options: FileWriterOptions;
  #count = 0;

  constructor(options: FileWriterOptions) {
    this.#options = options;
  }

  /** How far the store is. */
  get state(): StoreState {
    return this.#options.journal.state;
  }

  /** Whether a commit failed that is to be made all the same, before any other. */
  get isBehind(): boolean {
    return this.#options.journal.isBehind;
  }

  /** Removes the files of commits that were never decided, of those who had the store before. */
  async clean(): Promise<void> {
    const { disk, beside } = this.#options;
    for (const name of await disk.list(beside)) {
      if (name.startsWith(PREFIX)) await removeIfThere(disk, join(beside, name));
    }
  }

  /** Makes a commit that was held up, if there is one: it was decided. */
  async catchUp(): Promise<void> {
    await this.#options.journal.finish();
  }

  /**
   * Makes a commit.
   *
   * @param changed By file name, what is otherwise from now on.
   * @param state How far the store is with it.
   * @throws What the disk throws. Then there is nothing of it, unless only its end failed: that is made up
   * for by {@link FileWriter.catchUp}, or when the store is opened.
   */
  async write(
    changed: ReadonlyMap<string, Known>,
    standing: StandingChange | undefined,
    state: StoreState,
  ): Promise<void> {
    const { disk, beside, journal } = this.#options;
    const files: NewFile[] = [];
    const changes = this.#plan(changed, standing, files);
    try {
      await forEach(files, (file) => this.#create(file));
      await journal.change(changes, state);
    } catch (error) {
      if (!this.isBehind) {
        await forEach(files, ({ name }) => removeIfThere(disk, join(beside, name))).catch(
          () => undefined,
        );
      }
      throw error;
    }
  }

  #plan(
    changed: ReadonlyMap<string, Known>,
    standing: StandingChange | undefined,
    files: NewFile[],
  ): FileChanges {
    const { format, standings } = this.#options;
    const nodes: Move[] = [];
    const cells: Move[] = [];
    const removed: string[] = [];
    const toMove = (to: string, parts: NewFile["parts"]): Move => {
      const name = `${PREFIX}${this.#count++}`;
      files.push({ name, parts });
      return [name, to];
    };
    for (const [name, entry] of changed) {
      const { value } = entry;
      if (value === undefined) removed.push(name);
      else (entry.immutable ? nodes : cells).push(toMove(name, () => format.file(entry, value)));
    }
    if (standing === undefined) return { nodes, cells, removed, beside: [], removedBeside: [] };
    const { storeId, was, now } = standing;
    const at = standingName(storeId);
    if (now === undefined) return { nodes, cells, removed, beside: [], removedBeside: [at] };
    const move = toMove(at, () => standings.file(storeId, { ...now, revision: was + 1 }));
    return { nodes, cells, removed, beside: [move], removedBeside: [] };
  }

  async #create({ name, parts }: NewFile): Promise<void> {
    const { disk, beside } = this.#options;
    await withFile(disk, join(beside, name), "create", async (file) => {
      await writeAll(file, 0, parts());
      await file.sync();
    });
  }
}

/** A file to be written. Its bytes are made when it is, for all together may be much. */
interface NewFile {
  readonly name: string;
  readonly parts: () => readonly Uint8Array[];
}

const PREFIX = "new-";
