/** A commit as it will be, before any file is written: where the rules of writing are. */
import type { Encoded, EntryMeta } from "@datahike-sync/core";
import { type Edn, equals, SyncError, type Uuid } from "@datahike-sync/edn";
import { type Change, LATEST, type SetChange } from "./change.ts";
import { collision } from "./file-name.ts";

/** An entry as it is, or was before it went. */
export interface Known extends EntryMeta {
  readonly key: Edn;
  /** Absent where it is gone. */
  readonly value: Encoded | undefined;
}

/** What a commit begins with. */
export interface DraftOptions {
  /** By file name, what is there under the keys of the commit. */
  readonly known: ReadonlyMap<string, Known>;
  /** The subscription that writes; absent for local commits. */
  readonly origin: Uuid | undefined;
  /** The store's time. */
  readonly now: number;
}

/** What becomes of a store. */
export interface Draft {
  /** By file name, in the order of the operations: what is otherwise after the commit. */
  readonly changed: ReadonlyMap<string, Known>;
  /** Keys that the subscription must not touch. */
  readonly skipped: readonly Edn[];
}

/** @throws {SyncError} `KEY_COLLISION`, `KEY_IS_REPLICATED`, `IMMUTABLE_CHANGED`. */
export function makeDraft(changes: readonly Change[], options: DraftOptions): Draft {
  const { known, origin } = options;
  const changed = new Map<string, Known>();
  const skipped = new Map<string, Edn>();
  for (const change of changes) {
    const { name } = change;
    const before = changed.get(name) ?? known.get(name);
    const isLive = before?.value !== undefined;
    if (isLive && !equals(before.key, change.key)) throw collision(name);
    if (isLive && before.origin?.identity !== origin?.identity) {
      if (origin === undefined) throw replicated();
      skipped.set(name, change.key);
      continue;
    }
    const after =
      change.op === "set"
        ? replacement(change, before, options)
        : isLive
          ? { ...before, value: undefined, lastWrite: timeAfter(before, options) }
          : before;
    if (after === undefined || after === before) continue;
    // Taken out first: a map keeps the place of a key that is set again.
    changed.delete(name);
    changed.set(name, after);
  }
  // One operation may have undone what another did.
  for (const [name, after] of changed) {
    if (isSame(after, known.get(name))) changed.delete(name);
  }
  return { changed, skipped: [...skipped.values()] };
}

/** The entry of a set; the one before itself when that changes nothing. */
function replacement(change: SetChange, before: Known | undefined, options: DraftOptions): Known {
  const { key, type, value, immutable } = change;
  if (before?.value !== undefined) {
    const isSameValue = before.type === type && isSameEncoded(before.value, value);
    if (before.immutable && !change.rewrite) {
      // Of another writer, whose maps are in another order.
      const isEqual = () => equals(before.value?.decode() ?? null, value.decode());
      if (isSameValue || (before.type === type && isEqual())) return before;
      throw new SyncError("IMMUTABLE_CHANGED", "an immutable key was given another value");
    }
    const isSameTime = (change.lastWrite ?? before.lastWrite) === before.lastWrite;
    if (isSameValue && isSameTime && before.immutable === immutable) return before;
  }
  const lastWrite = change.lastWrite ?? timeAfter(before, options);
  return { key, type, lastWrite, immutable, origin: options.origin, value };
}

/** Two versions of a key never have the same time: by it a reconciliation tells them apart. */
function timeAfter(before: Known | undefined, { now }: DraftOptions): number {
  return Math.max(now, Math.min((before?.lastWrite ?? now - 1) + 1, LATEST));
}

function isSame(after: Known, before: Known | undefined): boolean {
  if (after.value === undefined || before?.value === undefined) {
    return after.value === before?.value;
  }
  return (
    after.type === before.type &&
    after.immutable === before.immutable &&
    after.lastWrite === before.lastWrite &&
    after.origin?.identity === before.origin?.identity &&
    isSameEncoded(after.value, before.value)
  );
}

function isSameEncoded(a: Encoded, b: Encoded): boolean {
  return a.codec === b.codec && Buffer.compare(a.bytes, b.bytes) === 0;
}

function replicated(): SyncError {
  return new SyncError("KEY_IS_REPLICATED", "a local write is for an entry that sync brought");
}
