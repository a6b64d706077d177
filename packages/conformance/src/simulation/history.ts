/** The states that a served store has had, in the order of time, and the cursors at which it had them. */
import type { Cursor } from "@datahike-sync/core";
import type { Shown } from "./mirror.ts";

/** What somebody may see. Equal ids see the same. */
export interface View {
  readonly id: string;
  /** The branches that it is narrowed to; absent: all. */
  readonly names?: readonly string[] | undefined;
  /** Whether it has the nodes by which pointers' values are found again. */
  readonly hasRecords?: boolean | undefined;
  readonly sees: (key: string, level: number) => boolean;
}

interface State {
  readonly cells: ReadonlyMap<string, Shown>;
  /** Whether the store may be shown like this: a relay in the middle of a first step may not. */
  isWhole: boolean;
  /** Whether nothing of what the store follows came with it. */
  readonly isOwn: boolean;
  readonly texts: Map<string, string>;
}

export class History {
  readonly #states: State[] = [];
  readonly #places = new Map<string, number>();
  /** Of the last commit. */
  lastCursor: Cursor | undefined;

  /** The place of the present state. */
  get last(): number {
    return this.#states.length - 1;
  }

  /** The store is like this now. A state that was given back by a backup comes again, behind all others. */
  add(cells: ReadonlyMap<string, Shown>, isWhole: boolean, isOwn = false): void {
    this.#states.push({ cells, isWhole, isOwn, texts: new Map() });
  }

  /** The present state is that of this cursor. */
  mark(cursor: Cursor): void {
    this.lastCursor = cursor;
    this.#places.set(nameOf(cursor), this.last);
  }

  /** The place of a cursor's state, where it is known. */
  at(cursor: Cursor): number | undefined {
    return this.#places.get(nameOf(cursor));
  }

  /** Whether a relay shows its present state as a whole one is known only after its commit. */
  setWhole(isWhole: boolean): void {
    for (let at = this.last; ; at--) {
      const state = this.#states[at];
      if (state === undefined) return;
      state.isWhole = isWhole;
      // A step that ends without a change made whole what was there before the store's own writes, too.
      if (!isWhole || !state.isOwn) return;
    }
  }

  isWhole(place: number): boolean {
    return this.#states[place]?.isWhole === true;
  }

  /** What somebody sees of a state, but for some keys. */
  text(place: number, view: View, without: ReadonlySet<string>): string {
    const state = this.#states[place];
    if (state === undefined) return "no such state";
    const name = `${view.id} ${[...without].join(" ")}`;
    let text = state.texts.get(name);
    if (text === undefined) {
      text = textOf(state.cells, (key, { level }) => view.sees(key, level) && !without.has(key));
      state.texts.set(name, text);
    }
    return text;
  }

  /** Whether a cell ever had this value, whatever it reached. */
  hasShown(key: string, own: string): boolean {
    return this.#states.some(({ cells }) => cells.get(key)?.own === own);
  }
}

/** Cells as a text. */
export function textOf(
  cells: ReadonlyMap<string, Shown>,
  isShown: (key: string, shown: Shown) => boolean,
): string {
  let text = "";
  for (const [key, shown] of cells) if (isShown(key, shown)) text += `${key}=${shown.text}\n`;
  return text;
}

function nameOf({ era, seq }: Cursor): string {
  return `${era}:${seq}`;
}
