/** Judges what a tiered store answers, by the history of its backend and by what was accepted before it. */
import type { Commit } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { History, textOf } from "./history.ts";

/** A value that may be shown before the backend has it. */
export interface Accepted {
  readonly key: string;
  readonly value: Edn;
  /** When it was asked for. */
  readonly since: number;
  /** From when on it has to be shown, unless something later is. */
  accepted: number;
  /** When the backend had it, or had refused it. */
  until: number;
}

export class Referee {
  readonly history: History = new History();
  /** Whether an answer for this key may be of an earlier commit than the last, if of none before what was known. */
  readonly #mayBeOld: (key: string) => boolean;
  readonly #accepted: Accepted[] = [];
  /** The earliest commit that the latest answer can be of. */
  #floor = 0;
  /** Counts what happens. */
  #moment = 0;
  /** What was wrong first. */
  wrong: string | undefined;

  constructor(mayBeOld: (key: string) => boolean) {
    this.#mayBeOld = mayBeOld;
  }

  onCommit(commit: Commit): void {
    this.history.add(commit);
    for (const each of this.#accepted) {
      if (this.history.at(commit.cursor.seq, each.key) === each.value) this.settle(each);
    }
  }

  /** A write was asked for that does not wait for the backend. */
  ask(key: string, value: Edn): Accepted {
    const later = Number.POSITIVE_INFINITY;
    const each = { key, value, since: ++this.#moment, accepted: later, until: later };
    this.#accepted.push(each);
    return each;
  }

  accept(each: Accepted): void {
    each.accepted = ++this.#moment;
  }

  settle(each: Accepted): void {
    each.until = Math.min(each.until, ++this.#moment);
  }

  /** All that was asked for has been refused. */
  refuse(): void {
    for (const each of this.#accepted) this.settle(each);
  }

  /** Reads values, and judges them together. What fails, fails on purpose. */
  async values(
    keys: readonly string[],
    read: () => Promise<readonly (Edn | undefined)[]>,
  ): Promise<void> {
    const [begun, told, floor] = [++this.#moment, this.history.told, this.#floor];
    const values = await read().catch(() => undefined);
    const ended = ++this.#moment;
    if (values === undefined) return;
    const strict: Shown[] = [];
    const old: Shown[] = [];
    for (const [at, key] of keys.entries()) {
      const shown = { key, value: values[at] };
      if (this.#isOfAccepted(shown, begun, ended)) continue;
      (this.#mayBeOld(key) ? old : strict).push(shown);
    }
    await this.#judge(strict, told);
    for (const shown of old) await this.#judge([shown], floor);
  }

  /** Asks whether something is there. */
  async presence(key: string, ask: () => Promise<boolean>): Promise<void> {
    const { told } = this.history;
    const isThere = await ask().catch(() => undefined);
    if (isThere === undefined) return;
    const isSo = (seq: number) => (this.history.at(seq, key) !== undefined) === isThere;
    const what = `${key} was ${isThere ? "" : "not "}there`;
    await this.#find([key], told, isSo, what);
  }

  async #judge(shown: readonly Shown[], from: number): Promise<void> {
    if (shown.length === 0) return;
    const isSo = (seq: number) =>
      shown.every(({ key, value }) => this.history.at(seq, key) === value);
    const what = shown.map(({ key, value }) => `${key} was ${textOf(value)}`).join(", ");
    await this.#find(
      shown.map(({ key }) => key),
      from,
      isSo,
      what,
    );
  }

  async #find(
    keys: readonly string[],
    from: number,
    isSo: (seq: number) => boolean,
    what: string,
  ): Promise<void> {
    // A commit is told a little after it can be seen.
    const known = this.history.first(from, this.history.told, isSo);
    for (let turns = 60; known === undefined && turns > 0; turns--) await Promise.resolve();
    const to = this.history.told;
    const seq = known ?? this.history.first(from, to, isSo);
    if (seq !== undefined) this.#floor = Math.max(this.#floor, seq);
    else
      this.wrong ??= `${what}; ${keys.map((key) => this.history.explain(key, from, to)).join("; ")}`;
  }

  #isOfAccepted({ key, value }: Shown, begun: number, ended: number): boolean {
    const may = this.#accepted.filter((each) => {
      return each.key === key && each.since < ended && each.until > begun;
    });
    const must = may.findLastIndex(({ accepted, until }) => {
      return accepted < begun && until > ended;
    });
    const isOne = may.slice(Math.max(0, must)).some((each) => each.value === value);
    if (must >= 0 && !isOne) this.wrong ??= `${key} was ${textOf(value)}, not what was accepted`;
    return isOne || must >= 0;
  }
}

interface Shown {
  readonly key: string;
  readonly value: Edn | undefined;
}
