/**
 * Ranges of two sets as a message carries them: a vector of `[upper, mode, payload]`, each from where
 * the one before ended. `upper` is `[lastWrite id]`, or nil for the end. Times are told as the
 * difference to the time told last, because neighbours are near each other.
 */
import { type Edn, identity, SyncError } from "@datahike-sync/edn";
import { bits64 } from "../wire/fields.ts";
import { wireTime } from "../wire/operations.ts";
import { type Bound, compareBounds, type Item } from "./item-set.ts";

/** A range, without where it begins. */
export type Range = Ending & RangeContent;

/** How many items the sender has there, and the sum of their fingerprints. */
export interface FingerprintRange extends Ending {
  readonly mode: "fingerprint";
  readonly count: number;
  readonly sum: bigint;
}

interface Ending {
  readonly upper: Bound | undefined;
}

type RangeContent =
  /** Nothing to be said about it. */
  | { readonly mode: "skip" }
  | Omit<FingerprintRange, "upper">
  /** All that the sender has there. */
  | { readonly mode: "items"; readonly items: readonly Item[] }
  /** The receiver is to list what it has there. */
  | { readonly mode: "ask" };

/** Up to so many items are listed rather than split. */
export const MAX_LISTED = 8;

/** The most ranges of a message. */
export const MAX_RANGES = 1024;

/** Roughly the most bytes of a message, as far as they can be told before it is encoded. */
export const MESSAGE_BYTES: number = 256 * 2 ** 10;

export function writeRanges(ranges: readonly Range[]): Edn {
  const times = new Times();
  return ranges.map(({ upper, ...content }) => {
    const bound = upper === undefined ? null : [times.write(upper.lastWrite), upper.id];
    return [bound, ...writeContent(content, times)];
  });
}

/**
 * The ranges of a message, each behind the one before and the first behind `after`.
 *
 * @throws {SyncError} `PROTOCOL_VIOLATION` for anything else.
 */
export function readRanges(message: Edn, after: Bound | undefined): readonly Range[] {
  const vector = toVector(message, MAX_RANGES);
  const times = new Times();
  let lower = after;
  return vector.map((value, at) => {
    const [first, ...rest] = toVector(value, 3);
    const upper = first === null || first === undefined ? undefined : readBound(first, times);
    const isInOrder =
      upper === undefined
        ? at === vector.length - 1
        : lower === undefined || compareBounds(lower, upper) < 0;
    if (!isInOrder) throw violation("ranges that are not in order");
    lower = upper;
    return { upper, ...readContent(rest, times) };
  });
}

/** Roughly the bytes of a range in a message. */
export function sizeOf(range: Range): number {
  const bound = range.upper === undefined ? 4 : 12 + range.upper.id.length;
  if (range.mode !== "items") return bound + 16;
  return range.items.reduce((sum, { key }) => sum + 12 + identity(key).length, bound);
}

/** What a side says that breaks the rules of the comparison. */
export function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}

const SKIP = 0;
const FINGERPRINT = 1;
const ITEMS = 2;
const ASK = 3;

function writeContent(content: RangeContent, times: Times): readonly Edn[] {
  switch (content.mode) {
    case "skip":
      return [SKIP];
    case "fingerprint":
      return [FINGERPRINT, [content.count, bits64.write(content.sum)]];
    case "items":
      return [ITEMS, content.items.map((item) => writeItem(item, times))];
    case "ask":
      return [ASK];
  }
}

function readContent([mode, payload]: readonly Edn[], times: Times): RangeContent {
  if (mode === SKIP) return { mode: "skip" };
  if (mode === ASK) return { mode: "ask" };
  if (mode === FINGERPRINT) {
    const [count, sum] = toVector(payload, 2);
    return { mode: "fingerprint", count: toCount(count), sum: toSum(sum) };
  }
  if (mode !== ITEMS) throw violation("a mode of a range that is none");
  return {
    mode: "items",
    items: toVector(payload, MAX_LISTED).map((item) => readItem(item, times)),
  };
}

function writeItem({ key, lastWrite, immutable }: Item, times: Times): Edn {
  const time = times.write(wireTime(lastWrite));
  return immutable ? [time, key, true] : [time, key];
}

function readItem(value: Edn, times: Times): Item {
  const [time, key, immutable] = toVector(value, 3);
  if (key === undefined) throw violation("an item without a key");
  return { key, lastWrite: times.read(time), immutable: immutable === true };
}

function readBound(value: Edn, times: Times): Bound {
  const [time, id] = toVector(value, 2);
  if (typeof id !== "string") throw violation("a bound that is none");
  return { lastWrite: times.read(time), id };
}

/** Each time as the difference to the one before. */
class Times {
  #last = 0;

  write(time: number): number {
    const late = time - this.#last;
    this.#last = time;
    return late;
  }

  read(late: Edn | undefined): number {
    const time = typeof late === "number" ? this.#last + late : Number.NaN;
    if (!Number.isSafeInteger(time) || wireTime(time) !== time) {
      throw violation("a time that is none");
    }
    this.#last = time;
    return time;
  }
}

function toVector(value: Edn | undefined, max: number): readonly Edn[] {
  if (!Array.isArray(value)) throw violation("a message of ranges that is none");
  // `as`: an array that is EDN is a vector.
  const items = value as readonly Edn[];
  if (items.length > max) throw violation("more ranges or items than a message may have");
  return items;
}

function toCount(value: Edn | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw violation("a count that is none");
}

function toSum(value: Edn | undefined): bigint {
  try {
    return bits64.read(value ?? null);
  } catch (cause) {
    throw new SyncError("PROTOCOL_VIOLATION", "a fingerprint that is none", { cause });
  }
}
