/** What must hold of a store that follows another, after each of its commits. */
import type { Standing } from "@datahike-sync/core";
import { type History, textOf, type View } from "./history.ts";
import type { Mirror } from "./mirror.ts";

export interface FollowerCheckOptions {
  /** Of the store that is followed. */
  readonly history: History;
  /** The text of that store's id. */
  readonly origin: string;
  /** What this follower was ever allowed to see, in the order of time. */
  readonly views: () => readonly View[];
}

export class FollowerCheck {
  readonly #options: FollowerCheckOptions;
  /** For each view, the earliest state that may be shown under it from now on. */
  #earliest: (number | undefined)[] = [0];
  /** Keys under which this store has ever had entries of its own: sync leaves those alone. */
  readonly #own = new Set<string>();

  constructor(options: FollowerCheckOptions) {
    this.#options = options;
  }

  get own(): ReadonlySet<string> {
    return this.#own;
  }

  /** Tells of a local entry. */
  owns(key: string): void {
    this.#own.add(key);
  }

  /** Whether what is shown is that state or a later one. */
  hasReached(place: number): boolean {
    return this.#earliest.some((earliest) => earliest !== undefined && earliest >= place);
  }

  /** It was restored from a backup: what it showed since was never shown. */
  forget(): void {
    this.#earliest = [0];
  }

  /**
   * Compares what is shown with what the followed store has had.
   *
   * @returns What is wrong, `undefined` when it is a whole state, and the right one.
   */
  check(mirror: Mirror, standing: Standing | undefined): string | undefined {
    const { history, views } = this.#options;
    const text = this.#text(mirror);
    if (text.includes("MISSING")) return `shows a pointer before what it reaches:\n${text}`;
    const cursor = standing?.cursor;
    const place = cursor === undefined ? undefined : history.at(cursor);
    const earliest: (number | undefined)[] = [];
    let least = Number.POSITIVE_INFINITY;
    const hasRecords = this.#hasRecords(mirror);
    views().forEach((view, index) => {
      least = Math.min(least, this.#earliest[index] ?? Number.POSITIVE_INFINITY);
      earliest[index] =
        view.hasRecords === true && !hasRecords
          ? undefined
          : place === undefined
            ? this.#find(text, view, least)
            : place >= least && this.#isAt(text, place, view)
              ? place
              : undefined;
    });
    if (earliest.every((found) => found === undefined)) {
      return this.#explain(text, standing, place);
    }
    // In the midst of a step, and before the first is whole, it may look like a state by chance.
    if (cursor !== undefined && standing?.doomed !== "applying") this.#earliest = earliest;
    return undefined;
  }

  /** What must hold even where a state need not be a whole one. */
  checkParts(mirror: Mirror): string | undefined {
    for (const [key, { own, text }] of this.#cells(mirror)) {
      if (text.includes("MISSING")) return `shows ${key} before what it reaches: ${text}`;
      if (this.#own.has(key) || this.#options.history.hasShown(key, own)) continue;
      return `shows ${key} as it never was: ${text}`;
    }
    return undefined;
  }

  /** What is wrong when nothing is to come any more; all of it is to be there. */
  checkEnd(mirror: Mirror): string | undefined {
    const { history, views } = this.#options;
    const view = views().at(-1);
    const text = this.#text(mirror);
    if (view === undefined) return undefined;
    if (view.hasRecords === true && !this.#hasRecords(mirror)) return "has not all records";
    const due = history.text(history.last, view, this.#own);
    return text === due ? undefined : `shows\n${text}instead of\n${due}`;
  }

  #cells(mirror: Mirror): ReturnType<Mirror["shown"]> {
    return mirror.shown(({ origin }) => origin === this.#options.origin);
  }

  #hasRecords(mirror: Mirror): boolean {
    const records = mirror.records(({ origin }) => origin === this.#options.origin);
    return [...records].every((record) => mirror.entries.has(record));
  }

  #text(mirror: Mirror): string {
    return textOf(this.#cells(mirror), (key) => !this.#own.has(key));
  }

  #isAt(text: string, place: number, view: View): boolean {
    const { history } = this.#options;
    return history.isWhole(place) && history.text(place, view, this.#own) === text;
  }

  #find(text: string, view: View, from: number): number | undefined {
    for (let place = from; place <= this.#options.history.last; place++) {
      if (this.#isAt(text, place, view)) return place;
    }
    return undefined;
  }

  #explain(text: string, standing: Standing | undefined, place: number | undefined): string {
    const { history, views } = this.#options;
    const found = views().map((view) => this.#find(text, view, 0));
    const states = found.map((state, index) => `view ${index}: ${state ?? "none"}`).join(", ");
    const seq = standing?.cursor?.seq;
    const due = views().map((view) =>
      place === undefined ? "" : history.text(place, view, this.#own),
    );
    return (
      `shows no state that may be shown now: cursor ${seq ?? "none"} is state ${place ?? "none"}` +
      `${place !== undefined && !history.isWhole(place) ? ", which is not whole" : ""}, ` +
      `shown before ${this.#earliest.map((state) => state ?? "none").join(", ")}, ` +
      `first like this ${states}, of ${history.last + 1}; it shows\n${text}${due
        .map((one, index) => `and is due in view ${index}\n${one}`)
        .join("")}`
    );
  }
}
