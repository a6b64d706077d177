/** Commits as they will be, before the driver makes them so: where the rules of writing are. */
import { type Edn, equals, SyncError, type Uuid } from "@datahike-sync/edn";
import { isEncoded } from "../codec.ts";
import type { Cursor, StandingChange } from "../feed.ts";
import type { WriteResult } from "../store.ts";
import type { DriverKey, DriverOperation } from "../store-driver.ts";
import type { Change, SetChange } from "./change.ts";
import {
  feedKey,
  feedKeyIn,
  feedPrefix,
  HEADER_KEY,
  standingKey,
  valueKey,
} from "./driver-keys.ts";
import { type Cell, type Header, type Kept, type RowFormat } from "./row-format.ts";

/** What a draft begins with, as the driver had it. */
export interface Loaded {
  readonly header: Header;
  /** By id, for every key that will be written. A value apart is there if {@link needsValue}. */
  readonly cells: Map<DriverKey, Cell>;
  /** By driver key: the revision of every standing that will be replaced, 0 for none. */
  readonly revisions: Map<DriverKey, number>;
}

/** A commit that changed something. */
export interface MadeCommit {
  readonly cursor: Cursor;
  readonly origin: Uuid | undefined;
  /** In the order of their places. */
  readonly cells: readonly Cell[];
}

/**
 * Several commits on top of each other, to be made in one transaction of the driver. One that is
 * refused throws and leaves nothing behind.
 */
export class CommitDraft<Row> {
  readonly #format: RowFormat<Row>;
  readonly #base: Header;
  readonly #now: number;
  /** The store's clock after these commits. */
  #clock: number;
  readonly #cells: Map<DriverKey, Cell>;
  readonly #revisions: Map<DriverKey, number>;
  /** What the driver has to do; for a key that comes twice the later counts. */
  readonly #operations: DriverOperation<Row>[] = [];
  /** How many commits have put rows there. */
  #writes = 0;
  readonly #commits: MadeCommit[] = [];
  #last: number;

  constructor(format: RowFormat<Row>, { header, cells, revisions }: Loaded, now: number) {
    this.#format = format;
    this.#base = header;
    this.#now = Math.max(now, header.clock);
    this.#clock = this.#now;
    this.#cells = cells;
    this.#revisions = revisions;
    this.#last = header.last;
  }

  /** The commits that changed something, in order. */
  get commits(): readonly MadeCommit[] {
    return this.#commits;
  }

  /** Whether there is nothing to be written. */
  get isEmpty(): boolean {
    return this.#operations.length === 0;
  }

  /** The header once this is written. */
  get header(): Header {
    const { era, floor, clock, writes } = this.#base;
    const isLater = this.#commits.length > 0;
    return {
      era,
      last: this.#last,
      floor: this.#format.hasFeed ? floor : this.#last,
      clock: isLater ? this.#clock : clock,
      writes: writes + 1,
    };
  }

  /** The value that a key has by now. */
  value(id: DriverKey): Kept | undefined {
    return this.#cells.get(id)?.value;
  }

  /**
   * Puts a commit on top.
   *
   * @throws {SyncError} `CURSOR_MOVED`, `KEY_IS_REPLICATED`, `IMMUTABLE_CHANGED`.
   */
  write(changes: readonly Change[], standing?: StandingChange): WriteResult {
    if (standing !== undefined) this.#checkRevision(standing);
    const skipped: Skipped = { byId: undefined };
    const staged = this.#resolve(changes, standing?.storeId, skipped);
    const cells = Array.from(staged.values(), inPlace);
    // All rows before any is put: what a codec has no form for must leave nothing behind.
    const rows = cells.map((cell) => this.#format.cell(cell));
    if (standing !== undefined) this.#putStanding(standing);
    const result = { skipped: skipped.byId === undefined ? [] : [...skipped.byId.values()] };
    if (rows.length > 0 || standing !== undefined) this.#writes++;
    if (rows.length === 0) return result;
    this.#last++;
    const prefix = feedPrefix(this.#last);
    let at = 0;
    for (const id of staged.keys()) {
      this.#put(id, cells[at] as Cell, rows[at] as Row, prefix);
      at++;
    }
    const cursor = { era: this.#base.era, seq: this.#last };
    this.#commits.push({ cursor, origin: standing?.storeId, cells });
    return { cursor, skipped: result.skipped };
  }

  /** What the driver has to do, the header included. `header` is the row of {@link header}. */
  operations(header: Row): readonly DriverOperation<Row>[] {
    const all = this.#operations;
    all.push({ key: HEADER_KEY, row: header });
    // One commit has no key twice.
    if (this.#writes <= 1) return all;
    return [...new Map(all.map((operation) => [operation.key, operation])).values()];
  }

  /** What changes in the end, in the order of the operations that did it. */
  #resolve(
    changes: readonly Change[],
    origin: Uuid | undefined,
    skipped: Skipped,
  ): Map<DriverKey, Cell> {
    const staged = new Map<DriverKey, Cell>();
    let isTwice = false;
    for (let place = 0; place < changes.length; place++) {
      const change = changes[place] as Change;
      const { id } = change;
      const known = staged.get(id) ?? this.#cells.get(id);
      const live = known?.held === "gone" ? undefined : known;
      if (live !== undefined && live.origin?.identity !== origin?.identity) {
        if (origin === undefined) throw replicated();
        (skipped.byId ??= new Map()).set(id, change.key);
        continue;
      }
      const cell =
        change.op === "set"
          ? this.#replacement(change, known, origin, place)
          : live && this.#grave(live, place);
      if (cell === undefined || cell === live) continue;
      // Taken out first: a map keeps the place of a key that is set again.
      isTwice = staged.delete(id) || isTwice;
      staged.set(id, cell);
    }
    if (!isTwice) return staged;
    // One operation may have undone what another did.
    for (const [id, cell] of staged) {
      if (this.#isUnchanged(cell, this.#cells.get(id))) staged.delete(id);
    }
    return staged;
  }

  /** The cell of a set; the one before itself when that changes nothing. */
  #replacement(
    change: SetChange,
    before: Cell | undefined,
    origin: Uuid | undefined,
    place: number,
  ): Cell {
    const { key, value, size, type, immutable } = change;
    const known = before?.held === "gone" ? undefined : before;
    const isSame = known !== undefined && this.#isSame(known, type, value, size);
    if (known?.immutable && !change.rewrite) {
      if (isSame || (known.type === type && isEqual(known.value, value))) return known;
      throw new SyncError("IMMUTABLE_CHANGED", "an immutable key was given another value");
    }
    if (isSame && known.immutable === immutable) {
      if (change.lastWrite === undefined || change.lastWrite === known.lastWrite) return known;
    }
    const lastWrite = change.lastWrite ?? this.#after(before);
    const held = size > this.#format.maxHere ? "apart" : "here";
    const seq = this.#last + 1;
    return { key, type, lastWrite, immutable, origin, seq, place, held, value, size };
  }

  #grave(known: Cell, place: number): Cell {
    const { key, type, immutable, origin } = known;
    return {
      key,
      type,
      lastWrite: this.#after(known),
      immutable,
      origin,
      seq: this.#last + 1,
      place,
      held: "gone",
      value: undefined,
      size: 0,
    };
  }

  /** Two versions of a key never have the same time: by it a reconciliation tells them apart. */
  #after(known: Cell | undefined): number {
    return Math.max(this.#now, Math.min((known?.lastWrite ?? 0) + 1, LATEST));
  }

  #isSame(known: Cell, type: Cell["type"], value: Kept, size: number): boolean {
    if (known.type !== type || known.size !== size || known.value === undefined) return false;
    return this.#format.same(known.value, value);
  }

  /** Whether a key is, at the end of a commit, what it was before. */
  #isUnchanged(cell: Cell, known: Cell | undefined): boolean {
    if (cell.held === "gone") return known === undefined || known.held === "gone";
    return (
      known !== undefined &&
      cell.value !== undefined &&
      cell.immutable === known.immutable &&
      cell.lastWrite === known.lastWrite &&
      cell.origin?.identity === known.origin?.identity &&
      this.#isSame(known, cell.type, cell.value, cell.size)
    );
  }

  #put(id: DriverKey, cell: Cell, row: Row, prefix: string): void {
    const format = this.#format;
    const known = this.#cells.get(id);
    this.#cells.set(id, cell);
    const operations = this.#operations;
    const gone = cell.held === "gone";
    operations.push({ key: id, row: gone && !format.hasFeed ? undefined : row });
    if (cell.held === "apart" && cell.value !== undefined) {
      operations.push({ key: valueKey(id), row: format.value(cell.value) });
    } else if (known?.held === "apart") {
      operations.push({ key: valueKey(id), row: undefined });
    }
    if (known !== undefined && format.hasFeed) {
      operations.push({ key: feedKey(known.seq, known.place), row: undefined });
    }
    if (format.hasFeed) {
      operations.push({ key: feedKeyIn(prefix, cell.place), row: format.mark({ id, gone }) });
    }
    // When compaction has forgotten it, a new version must not be taken for one before it.
    if (gone && cell.origin === undefined) this.#clock = Math.max(this.#clock, cell.lastWrite);
  }

  #checkRevision({ storeId, was }: StandingChange): void {
    const is = this.#revisions.get(standingKey(storeId)) ?? 0;
    if (is === was) return;
    throw new SyncError("CURSOR_MOVED", "the subscription was moved meanwhile", {
      details: { was, is },
    });
  }

  #putStanding({ storeId, was, now }: StandingChange): void {
    const key = standingKey(storeId);
    const row =
      now === undefined ? undefined : this.#format.standing({ ...now, revision: was + 1 });
    this.#operations.push({ key, row });
    this.#revisions.set(key, now === undefined ? 0 : was + 1);
  }
}

/** What others did before it may have changed nothing, and takes no place. */
function inPlace(cell: Cell, place: number): Cell {
  return cell.place === place ? cell : { ...cell, place };
}

/** Where a time was given that no later one can follow, two versions share it. */
const LATEST = Number.MAX_SAFE_INTEGER;

/** Whether a change has to be compared with the value that is there. */
export function needsValue(change: Change, { held, size, immutable }: Cell): boolean {
  if (held !== "apart" || change.op === "delete") return false;
  return size === change.size || (immutable && !change.rewrite);
}

/** The keys that a subscription did not touch; seldom any. */
interface Skipped {
  byId: Map<DriverKey, Edn> | undefined;
}

/** Equal values may have different bytes: of another writer, whose maps are in another order. */
function isEqual(a: Kept | undefined, b: Kept): boolean {
  if (a === undefined) return false;
  return equals(isEncoded(a) ? a.decode() : a, isEncoded(b) ? b.decode() : b);
}

function replicated(): SyncError {
  return new SyncError("KEY_IS_REPLICATED", "a local write is for an entry that sync brought");
}
