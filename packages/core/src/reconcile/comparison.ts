/** The primary's side of a comparison: it sends fingerprints, asks, and finds what differs. */
import { type Edn, identity } from "@datahike-sync/edn";
import { type Bound, compareBounds, type Item, type ItemSet } from "./item-set.ts";
import {
  MAX_LISTED,
  MAX_RANGES,
  MESSAGE_BYTES,
  type Range,
  readRanges,
  sizeOf,
  violation,
  writeRanges,
} from "./ranges.ts";
import { SPLIT, split } from "./split.ts";

/**
 * Compares a set with that of a replica, in rounds: a message of this side, and an answer of one or
 * several. A round takes what differs apart, into ranges an eighth as large. How much the other side
 * may say in a round is bounded by what it was asked.
 */
export class Comparison {
  readonly #items: ItemSet;
  /** What is still to be sent, in order. */
  #open: readonly OpenRange[];
  /** What was sent last, in order, and the first of it that the answer has not passed. */
  #sent: readonly OpenRange[] = [];
  #at = 0;
  /** What the answer has opened so far. */
  #opened: OpenRange[] = [];
  /** How far the answer has come; its end is `undefined`, as its beginning. */
  #answeredTo: Bound | undefined;
  #isAnswered = true;
  /** How many ranges the rest of the answer may have. */
  #allowed = 0;
  #rounds = 0;
  /** Identities of all that was found: an entry that was changed differs at two times. */
  readonly #found = new Set<string>();

  constructor(items: ItemSet) {
    this.#items = items;
    this.#open = splitSpan(items, { lower: undefined, upper: undefined });
  }

  /** Whether the last message was answered to its end. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /**
   * The next message, when the one before was answered; `undefined` when everything is compared.
   *
   * @throws {SyncError} `PROTOCOL_VIOLATION` when the other side's answers come to no end.
   */
  next(): Edn | undefined {
    if (this.#open.length === 0) return undefined;
    if (++this.#rounds > MAX_ROUNDS) throw violation("a comparison that does not come to an end");
    const { ranges, count } = messageOf(this.#open);
    this.#sent = this.#open.slice(0, count);
    this.#open = this.#open.slice(count);
    this.#at = 0;
    this.#answeredTo = undefined;
    this.#isAnswered = false;
    this.#allowed = (SPLIT + 1) * count + 1;
    return writeRanges(ranges);
  }

  /**
   * Takes an answer, or a piece of one. Returns the keys at which the sets differ, each once in a
   * comparison: as this side has it, or else as the other.
   *
   * @throws {SyncError} `PROTOCOL_VIOLATION` for what is no answer to what was sent.
   */
  take(message: Edn): readonly Item[] {
    if (this.#isAnswered) throw violation("an answer to nothing");
    const ranges = readRanges(message, this.#answeredTo);
    this.#allowed -= ranges.length;
    if (ranges.length === 0 || this.#allowed < 0)
      throw violation("an answer longer than it may be");
    const differences: Item[] = [];
    for (const range of ranges) {
      const span = { lower: this.#answeredTo, upper: range.upper };
      this.#answeredTo = range.upper;
      if (range.mode === "skip") continue;
      this.#checkAsked(span, range);
      if (range.mode === "items") this.#compare(span, range.items, differences);
      else if (range.mode === "fingerprint") this.#judge(span, range);
    }
    if (this.#answeredTo === undefined) {
      this.#isAnswered = true;
      this.#open = [...this.#opened, ...this.#open];
      this.#opened = [];
    }
    return differences;
  }

  /** What says something lies in one of the ranges that were sent, and says what may be said of it. */
  #checkAsked(span: Span, { mode }: Range): void {
    let sent = this.#sent[this.#at];
    while (sent !== undefined && isBehind(span, sent.span)) sent = this.#sent[++this.#at];
    const isAsked = sent !== undefined && isWithin(span, sent.span);
    if (!isAsked || mode === "ask" || (sent?.mode === "ask" && mode !== "items")) {
      throw violation("an answer to what was not asked");
    }
  }

  /** Both sides' items of a range are known. */
  #compare(span: Span, theirs: readonly Item[], differences: Item[]): void {
    const [from, to] = placesOf(this.#items, span);
    const ours = this.#items.slice(from, to);
    const times = new Map(theirs.map(({ key, lastWrite }) => [identity(key), lastWrite]));
    for (const item of ours) {
      if (times.get(item.id) === item.lastWrite) times.delete(item.id);
      else this.#find(item.id, item, differences);
    }
    for (const item of theirs) {
      const id = identity(item.key);
      if (times.has(id)) this.#find(id, item, differences);
    }
  }

  #find(id: string, item: Item, differences: Item[]): void {
    const { size } = this.#found;
    if (this.#found.add(id).size > size) differences.push(item);
  }

  /** Only the fingerprints are known. */
  #judge(span: Span, theirs: { readonly count: number; readonly sum: bigint }): void {
    const [from, to] = placesOf(this.#items, span);
    const sum = this.#items.sum(from, to);
    if (theirs.count === to - from && theirs.sum === sum) return;
    if (theirs.count <= MAX_LISTED) this.#opened.push({ span, mode: "ask" });
    else if (to - from > SPLIT) this.#opened.push(...splitSpan(this.#items, span));
    // They have more than they may list: told how few there are here, they take it apart.
    else this.#opened.push({ span, mode: "fingerprint", count: to - from, sum });
  }
}

/** From one bound up to another; `undefined` is before, or behind, everything. */
interface Span {
  readonly lower: Bound | undefined;
  readonly upper: Bound | undefined;
}

/** A range that is not yet known to be equal. */
type OpenRange = { readonly span: Span } & (
  | { readonly mode: "fingerprint"; readonly count: number; readonly sum: bigint }
  | { readonly mode: "ask" }
);

/** Far more than it takes to bring any set down to single items. */
const MAX_ROUNDS = 4096;

/** As many of the open ranges as one message has room for, at least one, and what is between them. */
function messageOf(open: readonly OpenRange[]): {
  readonly ranges: Range[];
  readonly count: number;
} {
  const ranges: Range[] = [];
  let count = 0;
  let bytes = 0;
  let reached: Bound | undefined;
  for (const { span, ...content } of open) {
    // Itself, what is before it and what is behind it.
    if (ranges.length + 3 > MAX_RANGES || bytes > MESSAGE_BYTES) break;
    const { lower, upper } = span;
    if (lower !== undefined && (reached === undefined || compareBounds(reached, lower) < 0)) {
      ranges.push({ upper: lower, mode: "skip" });
    }
    const range = { upper, ...content };
    ranges.push(range);
    bytes += sizeOf(range);
    reached = upper;
    count++;
  }
  if (reached !== undefined) ranges.push({ upper: undefined, mode: "skip" });
  return { ranges, count };
}

function splitSpan(items: ItemSet, { lower, upper }: Span): OpenRange[] {
  const open: OpenRange[] = [];
  let reached = lower;
  for (const { upper: end, ...content } of split(items, placesOf(items, { lower, upper }), upper)) {
    open.push({ span: { lower: reached, upper: end }, ...content });
    reached = end;
  }
  return open;
}

function placesOf(items: ItemSet, { lower, upper }: Span): readonly [from: number, to: number] {
  const from = lower === undefined ? 0 : items.placeOf(lower);
  return [from, upper === undefined ? items.size : items.placeOf(upper)];
}

function isBehind({ lower }: Span, { upper }: Span): boolean {
  return lower !== undefined && upper !== undefined && compareBounds(lower, upper) >= 0;
}

function isWithin(inner: Span, outer: Span): boolean {
  const beginsWithin =
    outer.lower === undefined ||
    (inner.lower !== undefined && compareBounds(outer.lower, inner.lower) <= 0);
  const endsWithin =
    outer.upper === undefined ||
    (inner.upper !== undefined && compareBounds(inner.upper, outer.upper) <= 0);
  return beginsWithin && endsWithin;
}
