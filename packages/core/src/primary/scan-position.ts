/** How far an interrupted scan has come, as the replica keeps it. */
import { type Edn, equals, type Uuid } from "@datahike-sync/edn";
import type { Cursor, FeedPosition } from "../feed.ts";

export interface ScanPosition {
  /** Of the feed in which the numbers count. */
  readonly era: string;
  /** Nodes up to here are at the replica. */
  readonly reached: FeedPosition;
  /** Of a scan of everything: the store's last commit when it began. */
  readonly base: number | undefined;
  /** Cells up to here were sent to be shown at once. */
  readonly early: FeedPosition;
  /**
   * The store's last commit when this was read. In a history without it other keys may stand before the
   * place reached than were met there, and nothing can be continued.
   */
  readonly seen: number;
}

/** Of a live step to some commit, of which the replica has the nodes up to a place. */
export function withinStep(selection: Uuid, reached: FeedPosition, to: Cursor): Edn {
  const early = { seq: 0, place: 0 };
  return writeScanPosition(selection, {
    era: to.era,
    reached,
    base: undefined,
    early,
    seen: to.seq,
  });
}

export function writeScanPosition(
  selection: Uuid,
  { era, reached, base, early, seen }: ScanPosition,
): Edn {
  const { seq, place } = reached;
  return [selection, era, seq, place, base ?? null, early.seq, early.place, seen];
}

/** A position of this selection; `undefined` for anything else. */
export function readScanPosition(selection: Uuid, position: Edn): ScanPosition | undefined {
  if (!Array.isArray(position) || position.length !== 8) return undefined;
  // `as`: an array that is EDN is a vector.
  const [id = null, era, seq, place, base, earlySeq, earlyPlace, seen] = position as readonly Edn[];
  if (!equals(id, selection) || typeof era !== "string") return undefined;
  if (!isCount(seq) || !isCount(place) || !isCount(earlySeq) || !isCount(earlyPlace)) {
    return undefined;
  }
  if (!isCount(seen)) return undefined;
  if (base !== null && !isCount(base)) return undefined;
  const early = { seq: earlySeq, place: earlyPlace };
  return { era, reached: { seq, place }, base: base ?? undefined, early, seen };
}

function isCount(value: Edn | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
