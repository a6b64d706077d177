/** What a replica remembers of a subscription, as a value that any codec keeps. */
import type { Cursor, Standing, StepCursor } from "@datahike-sync/core";
import { type Edn, isKind, SyncError, type Uuid } from "@datahike-sync/edn";

/** The value of a standing: its revision, and a vector for each other part, empty where there is none. */
export function standingValue(standing: Standing): Edn {
  const { revision, cursor, selection, tokens, position, doomed } = standing;
  const place = cursor && [...placeOf(cursor), ...(cursor.origin ? placeOf(cursor.origin) : [])];
  const parts = [place, selection, tokens, position, doomed];
  return [revision, ...parts.map((part) => (part === undefined ? [] : [part]))];
}

/** @throws {SyncError} `CODEC_INVALID` for what is no standing. */
export function readStanding(value: Edn): Standing {
  const [revision, ...parts] = items(value);
  const [cursor, selection, tokens, position, doomed] = parts.map((part) => items(part)[0]);
  return Object.freeze({
    revision: count(revision),
    ...(cursor !== undefined && { cursor: readCursor(cursor) }),
    ...(selection !== undefined && { selection: readUuid(selection) }),
    ...(tokens !== undefined && { tokens }),
    ...(position !== undefined && { position }),
    ...(doomed !== undefined && { doomed: text(doomed) }),
  });
}

function placeOf({ era, seq }: Cursor): readonly Edn[] {
  return [era, seq];
}

function readCursor(value: Edn): StepCursor {
  const [era, seq, ...origin] = items(value);
  const cursor = { era: text(era), seq: count(seq) };
  return Object.freeze(origin.length === 0 ? cursor : { ...cursor, origin: readCursor(origin) });
}

function items(value: Edn | undefined): readonly Edn[] {
  if (!Array.isArray(value)) throw damaged();
  return value;
}

function text(value: Edn | undefined): string {
  if (typeof value !== "string") throw damaged();
  return value;
}

function count(value: Edn | undefined): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw damaged();
  return value;
}

function readUuid(value: Edn): Uuid {
  if (!isKind(value, "uuid")) throw damaged();
  return value;
}

function damaged(): SyncError {
  return new SyncError("CODEC_INVALID", "not a standing", { details: { offset: 0 } });
}
