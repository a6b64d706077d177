/** One writer after the other, several in one transaction. */
import { SyncError } from "@datahike-sync/edn";
import type { StandingChange } from "../feed.ts";
import type { WriteResult } from "../store.ts";
import type { DriverKey, DriverOperation, DriverReader } from "../store-driver.ts";
import type { Change } from "./change.ts";
import { CommitDraft, type Loaded, type MadeCommit, needsValue } from "./commit-draft.ts";
import { HEADER_KEY, standingKey, valueKey } from "./driver-keys.ts";
import type { Cell, Header, Kept, RowFormat } from "./row-format.ts";
import type { SnapshotGate } from "./snapshot-gate.ts";

/** A commit to be made: its operations are known, or depend on the value of one key. */
export interface Write {
  readonly changes: readonly Change[] | ValueChange;
  readonly standing?: StandingChange | undefined;
  /** Whether it has to be written, even where nothing changes, to bring earlier ones to disk. */
  readonly barrier: boolean;
  readonly relaxed: boolean;
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
  #known: Known<Row> | undefined;
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
      const hasBarrier = group.some(({ write }) => write.barrier);
      const isDurable = hasBarrier || (!hasBarriers && group.some(({ write }) => !write.relaxed));
      const isDone = draft.isEmpty && !hasBarrier;
      if (isDone || (await this.#replace(expected, draft, isDurable))) {
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
    const { gate, format, hasBarriers } = this.#options;
    try {
      for (;;) {
        const known = this.#known ?? (await this.#readHeader());
        const done = await chore(known?.header);
        if (done === undefined) break;
        const row = format.header(done.header);
        const operations = [{ key: HEADER_KEY, row }, ...done.rows];
        const expect = { key: HEADER_KEY, row: known?.row };
        const isMade = await gate.commit(operations, { expect, durable: !hasBarriers });
        this.#known = isMade ? { header: done.header, row } : undefined;
        if (isMade) break;
      }
      resolve();
    } catch (error) {
      this.#known = undefined;
      reject(error);
    }
  }

  async #readHeader(): Promise<Known<Row> | undefined> {
    const { gate, format } = this.#options;
    const [row] = await gate.getMany([HEADER_KEY]);
    return row === undefined ? undefined : { header: format.readHeader(row), row };
  }

  /** Reads what the group's commits depend on, all of one moment. */
  async #load(group: readonly Task[]): Promise<Base<Row>> {
    const { gate } = this.#options;
    const known = this.#known;
    const needs = needsOf(group);
    const keys = [...(known === undefined ? [HEADER_KEY] : []), ...needs.standings, ...needs.ids];
    const base = this.#baseOf(await gate.getMany(keys), needs, known);
    if (valuesFor(group, base.cells).size === 0) return base;
    // Again, because the entries and the values that they speak of must be of one moment.
    return gate.read(async (snapshot) => {
      const again = this.#baseOf(await snapshot.getMany(keys), needs, known);
      await this.#loadValues(snapshot, again.cells, valuesFor(group, again.cells));
      return again;
    });
  }

  #baseOf(
    rows: readonly (Row | undefined)[],
    needs: Needs,
    known: Known<Row> | undefined,
  ): Base<Row> {
    const { format } = this.#options;
    const { header, row } = known ?? this.#headerOf(rows[0]);
    const revisions = new Map<DriverKey, number>();
    const cells = new Map<DriverKey, Cell>();
    let at = known === undefined ? 1 : 0;
    for (const key of needs.standings) {
      const found = rows[at++];
      if (found !== undefined) revisions.set(key, format.readStanding(found).revision);
    }
    for (const id of needs.ids) {
      const found = rows[at++];
      if (found !== undefined) cells.set(id, format.readCell(found));
    }
    return { header, row, cells, revisions };
  }

  async #loadValues(
    snapshot: DriverReader<Row>,
    cells: Map<DriverKey, Cell>,
    ids: ReadonlySet<DriverKey>,
  ): Promise<void> {
    const rows = await snapshot.getMany(Array.from(ids, valueKey));
    let at = 0;
    for (const id of ids) {
      const row = rows[at++];
      const cell = cells.get(id);
      if (row === undefined || cell === undefined) continue;
      cells.set(id, { ...cell, value: this.#options.format.readValue(row, cell.type) });
    }
  }

  #headerOf(row: Row | undefined): Known<Row> {
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

/** A header, and the row that says so. */
interface Known<Row> {
  readonly header: Header;
  readonly row: Row;
}

/** What a draft begins with, and the row of its header. */
interface Base<Row> extends Loaded {
  readonly row: Row;
}

/** What a group's commits depend on. */
interface Needs {
  readonly ids: ReadonlySet<DriverKey>;
  readonly standings: ReadonlySet<DriverKey>;
}

/** What became of one commit of a draft. */
type Outcome = { readonly result: WriteResult } | { readonly error: unknown };

/** Bounds what one transaction holds in memory. */
const MAX_GROUP_OPERATIONS = 4096;

function countOf({ changes }: Write): number {
  return "id" in changes ? 1 : Math.max(1, changes.length);
}

function needsOf(group: readonly Task[]): Needs {
  const ids = new Set<DriverKey>();
  const standings = new Set<DriverKey>();
  for (const { write } of group) {
    const { changes, standing } = write;
    if ("id" in changes) ids.add(changes.id);
    else for (const { id } of changes) ids.add(id);
    if (standing !== undefined) standings.add(standingKey(standing.storeId));
  }
  return { ids, standings };
}

/** The keys whose values have rows of their own that must be looked into. */
function valuesFor(group: readonly Task[], cells: ReadonlyMap<DriverKey, Cell>): Set<DriverKey> {
  const ids = new Set<DriverKey>();
  for (const { write } of group) {
    if ("id" in write.changes) {
      if (cells.get(write.changes.id)?.held === "apart") ids.add(write.changes.id);
      continue;
    }
    for (const change of write.changes) {
      const cell = cells.get(change.id);
      if (cell?.held === "apart" && needsValue(change, cell)) ids.add(change.id);
    }
  }
  return ids;
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
