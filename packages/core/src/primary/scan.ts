/** The feed of a store without a walker, read to its end and sent as one step. */
import type { Changes, Cursor, FeedPosition, FeedRow, StepCursor } from "../feed.ts";
import type { BatchMode } from "../protocol.ts";
import { cursorAt } from "./era.ts";
import { withoutOrigin } from "./live.ts";
import type { BatchHead } from "./outlet.ts";
import { admit } from "./plain-feed.ts";
import type { PlainSession } from "./plain-session.ts";
import { type ScanPosition, writeScanPosition } from "./scan-position.ts";
import { StepQueue } from "./step-queue.ts";
import { StepWriter } from "./step-writer.ts";
import { noPosition } from "./walk-position.ts";
import type { WholeOperation } from "./wire-entry.ts";

/** What a scan reads. */
export type ScanStart =
  /** Everything; tombstones only of what went since it began, or since the one it continues did. */
  | { readonly plan: "all"; readonly position: ScanPosition | undefined }
  /** What changed since the replica's cursor. */
  | { readonly plan: "changes"; readonly from: Cursor; readonly position: ScanPosition | undefined }
  /** What changed since a comparison began. */
  | { readonly plan: "reconcile"; readonly after: number };

/** A subscriber that has everything, and the steps that follow. */
export interface CaughtUp {
  readonly cursor: StepCursor;
  readonly queue: StepQueue;
  /** Ends the steps. */
  readonly detach: () => void;
}

export class Scan {
  readonly writer: StepWriter;
  readonly #session: PlainSession;
  readonly #start: ScanStart;
  /** Names the feed in positions. */
  readonly #era: string;
  /** Where the next read begins. */
  #after: FeedPosition;
  /** Nodes up to here are at the replica, since an earlier scan. */
  readonly #skipped: FeedPosition;
  /** And with the next batch those up to here. */
  #reached: FeedPosition;
  /** Cells up to here were sent to be shown at once. */
  #early: FeedPosition;
  #hasMetNode: boolean;
  /** The store's last commit at the last read. */
  #seen = 0;
  /** Tombstones up to this commit are of no concern; not known before the first read of everything. */
  #base: number | undefined;

  constructor(session: PlainSession, start: ScanStart, era: string) {
    const position = start.plan === "reconcile" ? undefined : start.position;
    this.#session = session;
    this.#start = start;
    this.#era = era;
    this.#after = beginningOf(start);
    this.#skipped = position === undefined ? NOWHERE : { ...position.reached };
    this.#reached = this.#skipped;
    this.#early = position?.early ?? NOWHERE;
    this.#hasMetNode = start.plan !== "all" || isBefore(this.#early, this.#skipped);
    this.#base = start.plan === "all" ? position?.base : 0;
    this.writer = new StepWriter(session.outlet, session.bodies, () => this.#head());
  }

  /**
   * Reads and sends until a read meets the end of the feed at a moment at which the store is whole.
   *
   * @throws {SyncError} `FEED_TRUNCATED` when tombstones that are needed are forgotten.
   */
  async run(): Promise<CaughtUp> {
    const { outlet, feed, watch } = this.#session;
    for (;;) {
      await outlet.room();
      // Before the read, so that nothing falls between what it sees and the first live step.
      const queue = new StepQueue(this.#session.environment.limits, () => outlet.bell.ring());
      const detach = feed.attach(queue);
      try {
        const { rows, done, last } = await this.#read();
        if (!done) detach();
        await this.#send(rows);
        const cursor = done ? await this.#cut(last) : undefined;
        if (cursor !== undefined) {
          queue.open(last);
          return { cursor, queue, detach };
        }
        if (done) await watch.untilWhole(outlet.signal);
        detach();
      } catch (error) {
        detach();
        throw error;
      }
    }
  }

  async #read(): Promise<Changes> {
    const { store, environment, outlet } = this.#session;
    const { batchOperations: limit, batchBytes } = environment.limits;
    const limitBytes = BATCHES_PER_READ * batchBytes;
    const since = sinceOf(this.#start) ?? this.#base ?? Number.POSITIVE_INFINITY;
    const read = await store.changes(this.#after, { limit, limitBytes, since });
    outlet.signal.throwIfAborted();
    this.#base ??= read.last;
    this.#seen = read.last;
    return read;
  }

  async #send(rows: readonly FeedRow[]): Promise<void> {
    const { selection, bodies } = this.#session;
    for (const row of rows) {
      const operation = admit(row.operation, selection, bodies.codec);
      if (operation !== undefined && !this.#isKnown(operation, row)) {
        const wait = this.writer.add(operation);
        if (wait !== undefined) await wait;
      }
      this.#hasMetNode ||= operation?.op === "node";
      this.#after = row;
      if (isBefore(this.#reached, row)) this.#reached = row;
    }
  }

  /** Whether the replica has it, or need not be told. */
  #isKnown({ op }: WholeOperation, row: FeedRow): boolean {
    if (op === "node") return !isBefore(this.#skipped, row);
    if (op === "cell") return !isBefore(this.#early, row);
    return row.seq <= (this.#base ?? 0);
  }

  /** Ends the step, if the store was whole at this commit. */
  async #cut(last: number): Promise<StepCursor | undefined> {
    const { store, watch, outlet } = this.#session;
    const whole = await watch.wholeAt(last, outlet.signal);
    if (whole === undefined) return undefined;
    const to = { ...(await cursorAt(store, last)), origin: whole.origin };
    const from = this.#start.plan === "changes" ? withoutOrigin(this.#start.from) : undefined;
    await this.writer.finish({ from, to });
    return to;
  }

  #mode(): BatchMode | undefined {
    return this.#hasMetNode ? undefined : "early";
  }

  #head(): BatchHead {
    const { id } = this.#session.selection;
    // How far this has come does not say what of the comparison before it has arrived.
    if (this.#start.plan === "reconcile") return { position: noPosition(id) };
    const mode = this.#mode();
    if (mode === "early") this.#early = this.#reached;
    const base = this.#start.plan === "all" ? this.#base : undefined;
    const position = {
      era: this.#era,
      reached: this.#reached,
      base,
      early: this.#early,
      seen: this.#seen,
    };
    return { mode, position: writeScanPosition(id, position) };
  }
}

/** As many bytes as one read may bring: with few, most of the rows that were found would be found again. */
const BATCHES_PER_READ = 4;

/** Before every row. */
const NOWHERE: FeedPosition = { seq: 0, place: 0 };

function isBefore(a: FeedPosition, b: FeedPosition): boolean {
  return a.seq < b.seq || (a.seq === b.seq && a.place < b.place);
}

function beginningOf(start: ScanStart): FeedPosition {
  if (start.plan === "changes") return behind(start.from.seq);
  if (start.plan === "reconcile") return behind(start.after);
  if (start.position?.base === undefined) return behind(0);
  const { base, early } = start.position;
  // Of what is before both, cells and nodes are at the replica, and tombstones are of no concern.
  return early.seq > base ? behind(base) : early;
}

function behind(seq: number): FeedPosition {
  return { seq, place: Number.POSITIVE_INFINITY };
}

/** The commit after which no tombstone may be missing; it depends on the scan where there is none. */
function sinceOf(start: ScanStart): number | undefined {
  if (start.plan === "all") return undefined;
  return start.plan === "changes" ? start.from.seq : start.after;
}
