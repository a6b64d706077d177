/** The replica's side of a comparison: it answers every range, and alone lists what it has. */
import type { Edn } from "@datahike-sync/edn";
import type { Bound, ItemSet } from "./item-set.ts";
import {
  MAX_LISTED,
  MAX_RANGES,
  MESSAGE_BYTES,
  type Range,
  readRanges,
  sizeOf,
  writeRanges,
} from "./ranges.ts";
import { split } from "./split.ts";

/**
 * The answer to a message of ranges, as the payloads of one message or, where it is long, of several.
 *
 * @throws {SyncError} `PROTOCOL_VIOLATION` for a message that is none.
 */
export function* answers(items: ItemSet, message: Edn): Generator<Edn, void> {
  let ranges: Range[] = [];
  let bytes = 0;
  for (const range of compact(answerAll(items, readRanges(message, undefined)))) {
    const size = sizeOf(range);
    if (ranges.length === MAX_RANGES || (ranges.length > 0 && bytes + size > MESSAGE_BYTES)) {
      yield writeRanges(ranges);
      ranges = [];
      bytes = 0;
    }
    ranges.push(range);
    bytes += size;
  }
  yield writeRanges(ranges);
}

/** Joins neighbours of which there is nothing to be said. */
function* compact(ranges: Iterable<Range>): Generator<Range, void> {
  let skipped: Range | undefined;
  for (const range of ranges) {
    if (range.mode === "skip") {
      skipped = range;
      continue;
    }
    if (skipped !== undefined) yield skipped;
    skipped = undefined;
    yield range;
  }
  if (skipped !== undefined) yield skipped;
}

function* answerAll(items: ItemSet, ranges: readonly Range[]): Generator<Range, void> {
  let from = 0;
  for (const range of ranges) {
    const { upper } = range;
    const to = upper === undefined ? items.size : items.placeOf(upper);
    yield* answer(items, [from, to], range);
    from = to;
  }
}

function* answer(
  items: ItemSet,
  [from, to]: readonly [from: number, to: number],
  range: Range,
): Generator<Range, void> {
  const { upper } = range;
  const count = to - from;
  const isSame =
    range.mode === "fingerprint" && range.count === count && range.sum === items.sum(from, to);
  if (isSame || range.mode === "skip") {
    yield { upper, mode: "skip" };
  } else if (range.mode === "ask" || count <= MAX_LISTED) {
    yield* list(items, [from, to], upper);
  } else {
    yield* split(items, [from, to], upper);
  }
}

/** A primary asks only where there are few; were there more, they would be as many ranges. */
function* list(
  items: ItemSet,
  [from, to]: readonly [from: number, to: number],
  upper: Bound | undefined,
): Generator<Range, void> {
  let start = from;
  for (; to - start > MAX_LISTED; start += MAX_LISTED) {
    const end = start + MAX_LISTED;
    yield { upper: items.boundAt(end), mode: "items", items: items.slice(start, end) };
  }
  yield { upper, mode: "items", items: items.slice(start, to) };
}
