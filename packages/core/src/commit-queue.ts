/** One writer after the other, several in one transaction. */
import { SyncError } from "@datahike-sync/edn";
import type { Change } from "./change.ts";
import { CommitDraft, type Loaded, type MadeCommit, needsValue } from "./commit-draft.ts";
import { HEADER_KEY, standingKey, valueKey } from "./driver-keys.ts";
import type { StandingChange } from "./feed.ts";
import type { Cell, Header, Kept, RowFormat } from "./row-format.ts";
import type { SnapshotGate } from "./snapshot-gate.ts";
import type { WriteResult } from "./store.ts";
import type { DriverKey, DriverOperation, DriverReader } from "./store-driver.ts";

/** A commit to be made: its operations are known, or depend on the value of one key. */
export interface Write {
  readonly changes: readonly Change[] | ValueChange;
  readonly standing?: StandingChange | undefined;
  readonly barrier: boolean;
}

/** Decides what becomes of a key when its value is known. May be asked again. */
interface ValueChange {
  readonly id: DriverKey;
  decide(value: Kept | undefined): readonly Change[];
}

/** What changes the map beside commits: it is told the header, and gives the next and its rows. */
export type Chore<Row> = (
  header: Header | undefined,
) => Promise<
  { readonly header: Header; readonly rows: readonly DriverOperation<Row>[] } | undefined
>;

export interface CommitQueueOptions<Row> {
  readonly gate: SnapshotGate<Row>;
  readonly format: RowFormat<Row>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether commits that are no barriers may be lost in a crash. */
  readonly hasBarriers: boolean;
  readonly onCommit: (commit: MadeCommit) => void;
}

/**
 * Makes commits in the order in which they were asked for, those that wait together in one
 * transaction: a disk that is waited for is waited for once. Every transaction expects the header that
 * its rows were read under, so that other openers of the same map are never overwritten: when one was
 * quicker, all is read again.
 */
export class CommitQueue<Row> {
  readonly #options: CommitQueueOptions<Row>;
  readonly #waiting: (Task | ChoreTask<Row>)[] = [];
  /** As it was last seen. Wrong when another opener wrote: then a commit fails, and it is read again. */
  #known: { readonly header: Header; readonly row: Row } | undefined;
  #isWorking = false;

  constructor(options: CommitQueueOptions<Row>) {
    this.#options = options;
  }

  /** Resolves when the commit is made and was told. */
  write(write: Write): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ write, resolve, reject });
    });
  }

  /** Resolves when the chore is done. It may be run several times before that. */
  run(chore: Chore<Row>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ chore, resolve, reject });
    });
  }

  #enqueue(task: Task | ChoreTask<Row>): void {
    this.#waiting.push(task);
    if (!this.#isWorking) void this.#work();
  }

  /** Never rejects: each task is told. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    // Only what comes later meets an empty array: nothing is shifted off a long one.
    for (let waiting = this.#waiting.splice(0); waiting.length > 0; ) {
      for (let from = 0; from < waiting.length; ) from = await this.#next(waiting, from);
      waiting = this.#waiting.splice(0);
    }
    this.#isWorking = false;
  }

  /** Settles the task at `from`, and those behind it that fit in the same transaction. */
  async #next(waiting: readonly (Task | ChoreTask<Row>)[], from: number): Promise<number> {
    const first = waiting[from];
    if (first !== undefined && "chore" in first) {
      await this.#runChore(first);
      return from + 1;
    }
    const group: Task[] = [];
    let room = MAX_GROUP_OPERATIONS;
    for (let at = from; at < waiting.length; at++) {
      const task = waiting[at];
      if (task === undefined || "chore" in task) break;
      room -= countOf(task.write);
      if (room < 0 && group.length > 0) break;
      group.push(task);
    }
    try {
      await this.#commit(group);
    } catch (error) {
      // Nobody knows what the driver has done of it.
      this.#known = undefined;
      for (const task of group) task.reject(error);
    }
    return from + group.length;
  }

  async #commit(group: readonly Task[]): Promise<void> {
    const { format, now, hasBarriers } = this.#options;
    for (;;) {
      const { row: expected, ...loaded } = await this.#load(group);
      const draft = new CommitDraft(format, loaded, now());
      const outcomes = group.map(({ write }) => attempt(draft, write));
      const durable = group.some(({ write }) => write.barrier);
      // A barrier is one for earlier commits also when it brings nothing itself.
      const isDone = draft.isEmpty && !(durable && hasBarriers);
      if (isDone || (await this.#replace(expected, draft, durable))) {
        for (const commit of draft.commits) this.#options.onCommit(commit);
        group.forEach((task, i) => settle(task, outcomes[i]));
        return;
      }
    }
  }

  async #replace(expected: Row, draft: CommitDraft<Row>, durable: boolean): Promise<boolean> {
    const { header } = draft;
    const row = this.#options.format.header(header);
    const expect = { key: HEADER_KEY, row: expected };
    const isMade = await this.#options.gate.commit(draft.operations(row), { expect, durable });
    this.#known = isMade ? { header, row } : undefined;
    return isMade;
  }

  async #runChore({ chore, resolve, reject }: ChoreTask<Row>): Promise<void> {
    const { gate, format } = this.#options;
    try {
      for (;;) {
        const known = this.#known ?? (await this.#readHeader());
        const done = await chore(known?.header);
        if (done === undefined) break;
        const row = format.header(done.header);
        const operations = [{ key: HEADER_KEY, row }, ...done.rows];
        const expect = { key: HEADER_KEY, row: known?.row };
        const isMade = await gate.commit(operations, { expect, durable: false });
        this.#known = isMade ? { header: done.header, row } : undefined;
        if (isMade) break;
      }
      resolve();
    } catch (error) {
      this.#known = undefined;
      reject(error);
    }
  }

  async #readHeader(): Promise<{ readonly header: Header; readonly row: Row } | undefined> {
    const { gate, format } = this.#options;
    const [row] = await gate.read((snapshot) => snapshot.getMany([HEADER_KEY]));
    return row === undefined ? undefined : { header: format.readHeader(row), row };
  }

  /** Reads what the group's commits depend on, all of one moment. */
  #load(group: readonly Task[]): Promise<Loaded & { readonly row: Row }> {
    const known = this.#known;
    const ids = new Set<DriverKey>();
    const standings = new Set<DriverKey>();
    for (const { write } of group) {
      if ("id" in write.changes) ids.add(write.changes.id);
      else for (const { id } of write.changes) ids.add(id);
      if (write.standing !== undefined) standings.add(standingKey(write.standing.storeId));
    }
    const keys: DriverKey[] = known === undefined ? [HEADER_KEY] : [];
    for (const key of standings) keys.push(key);
    for (const id of ids) keys.push(id);
    return this.#options.gate.read(async (snapshot) => {
      const rows = await snapshot.getMany(keys);
      const { header, row } = known ?? this.#headerOf(rows[0]);
      const revisions = new Map<DriverKey, number>();
      const cells = new Map<DriverKey, Cell>();
      let at = known === undefined ? 1 : 0;
      for (const key of standings) {
        const found = rows[at++];
        if (found !== undefined) {
          revisions.set(key, this.#options.format.readStanding(found).revision);
        }
      }
      for (const id of ids) {
        const found = rows[at++];
        if (found !== undefined) cells.set(id, this.#options.format.readCell(found));
      }
      await this.#loadValues(snapshot, group, cells);
      return { header, row, cells, revisions };
    });
  }

  async #loadValues(
    snapshot: DriverReader<Row>,
    group: readonly Task[],
    cells: Map<DriverKey, Cell>,
  ): Promise<void> {
    if (this.#options.format.maxHere === Number.POSITIVE_INFINITY) return;
    const needed = new Map<DriverKey, Cell>();
    for (const { write } of group) {
      if ("id" in write.changes) {
        const cell = cells.get(write.changes.id);
        if (cell?.held === "apart") needed.set(write.changes.id, cell);
        continue;
      }
      for (const change of write.changes) {
        const cell = cells.get(change.id);
        if (cell !== undefined && needsValue(change, cell)) needed.set(change.id, cell);
      }
    }
    if (needed.size === 0) return;
    const rows = await snapshot.getMany(Array.from(needed.keys(), valueKey));
    let at = 0;
    for (const [id, cell] of needed) {
      const row = rows[at++];
      if (row === undefined) continue;
      cells.set(id, { ...cell, value: this.#options.format.readValue(row, cell.type) });
    }
  }

  #headerOf(row: Row | undefined): { readonly header: Header; readonly row: Row } {
    if (row !== undefined) return { header: this.#options.format.readHeader(row), row };
    throw new SyncError("STORE_NOT_FOUND", "the store was erased meanwhile");
  }
}

interface Task {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

interface ChoreTask<Row> {
  readonly chore: Chore<Row>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What became of one commit of a draft. */
type Outcome = { readonly result: WriteResult } | { readonly error: unknown };

/** Bounds what one transaction holds in memory. */
const MAX_GROUP_OPERATIONS = 4096;

function countOf({ changes }: Write): number {
  return "id" in changes ? 1 : Math.max(1, changes.length);
}

function attempt<Row>(draft: CommitDraft<Row>, { changes, standing }: Write): Outcome {
  try {
    const all = "id" in changes ? changes.decide(draft.value(changes.id)) : changes;
    return { result: draft.write(all, standing) };
  } catch (error) {
    return { error };
  }
}

function settle(task: Task, outcome: Outcome | undefined): void {
  if (outcome === undefined) return;
  if ("result" in outcome) task.resolve(outcome.result);
  else task.reject(outcome.error);
}
