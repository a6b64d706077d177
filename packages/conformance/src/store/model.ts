/** What a store has to do, in the simplest way. */
import {
  type Commit,
  isEncoded,
  type Operation,
  type SetOperation,
  type Store,
} from "@datahike-sync/core";
import { type Edn, equals, identity, print, type Uuid } from "@datahike-sync/edn";
import { check } from "../check.ts";
import { checkTexts, feedOf, listed } from "./subject.ts";

interface Known {
  readonly key: Edn;
  /** `undefined` of a tombstone. */
  readonly value: Edn | undefined;
  readonly type: "edn" | "binary";
  readonly immutable: boolean;
  readonly lastWrite: number;
  readonly origin: Uuid | undefined;
  readonly seq: number;
}

/** What is expected of a write. */
export type Expected = { readonly error: string } | { readonly skipped: readonly string[] };

export class StoreModel {
  readonly #hasFeed: boolean;
  #known = new Map<string, Known>();
  #last = 0;
  #floor = 0;
  #clockMs = 0;
  #events: string[] = [];
  /** What listeners were told. */
  readonly told: string[] = [];

  /** @param hasFeed Whether tombstones are kept until they are compacted. */
  constructor(hasFeed: boolean) {
    this.#hasFeed = hasFeed;
  }

  listen(store: Store): void {
    store.onCommit((commit) => this.told.push(eventOf(commit)));
  }

  /** The number of the last commit. */
  get last(): number {
    return this.#last;
  }

  /** The value of a key. */
  value(key: Edn): Edn | undefined {
    return this.#known.get(identity(key))?.value;
  }

  /** A commit at this time of day. The store's clock never goes back, and only commits and its own tombstones move it. */
  write(operations: readonly Operation[], origin: Uuid | undefined, timeMs: number): Expected {
    const nowMs = Math.max(this.#clockMs, timeMs);
    const next = new Map(this.#known);
    const skipped = new Set<string>();
    const seq = this.#last + 1;
    for (const operation of operations) {
      const id = identity(operation.key);
      const known = next.get(id);
      if (known?.value !== undefined && known.origin !== origin) {
        if (origin === undefined) return { error: "KEY_IS_REPLICATED" };
        skipped.add(print(operation.key));
        continue;
      }
      const error = apply(next, operation, { known, origin, nowMs, seq });
      if (error !== undefined) return { error };
    }
    const changed = [...next].filter(([id, now]) => !isSame(now, this.#known.get(id)));
    if (changed.length > 0) {
      this.#last = seq;
      this.#clockMs = nowMs;
      for (const [id, now] of changed) {
        this.#known.set(id, now);
        const isOwnTombstone = now.value === undefined && now.origin === undefined;
        if (isOwnTombstone) this.#clockMs = Math.max(this.#clockMs, now.lastWrite);
      }
      const ids = changed.map(([, now]) => factOf(now)).sort();
      this.#events.push(`${seq} ${origin?.toString() ?? "local"} ${ids.join(", ")}`);
      if (!this.#hasFeed) this.compact(seq);
    }
    return { skipped: [...skipped].sort() };
  }

  compact(seq: number): void {
    this.#floor = Math.max(this.#floor, Math.min(seq, this.#last));
    for (const [id, { value, seq: at }] of this.#known) {
      if (value === undefined && at <= this.#floor) this.#known.delete(id);
    }
  }

  /** Checks that a store is as this says, however one asks. */
  async compare(store: Store, keys: readonly Edn[]): Promise<void> {
    const live = [...this.#known.values()].filter(({ value }) => value !== undefined);
    const values = await store.getMany(keys);
    const metas = await Promise.all(keys.map((key) => store.getMeta(key)));
    const states = keys.map((key, i) => {
      const meta = metas[i];
      return meta === undefined ? "absent" : stateOf({ ...meta, key, value: values[i] });
    });
    const expected = keys.map((key) => {
      const known = this.#known.get(identity(key));
      return known?.value === undefined ? "absent" : stateOf({ ...known, key });
    });
    checkTexts(states, expected, "the entries");
    const entries = (await listed(store)).map(({ key, lastWrite }) => `${print(key)} ${lastWrite}`);
    const all = live.map(({ key, lastWrite }) => `${print(key)} ${lastWrite}`);
    checkTexts(entries.sort(), all.sort(), "the keys");
    if (this.#hasFeed) await this.#compareFeed(store);
    const { last, floor } = await store.feed();
    check(last === this.#last && floor === this.#floor, () => {
      return `last ${last} and floor ${floor} instead of ${this.#last} and ${this.#floor}`;
    });
    checkTexts(this.told, this.#events, "the events");
  }

  async #compareFeed(store: Store): Promise<void> {
    const rows = (await feedOf(store, { seq: 0, place: 0 }, 3)).map(({ seq, operation }) => {
      const value = operation.op === "delete" ? undefined : decoded(operation.value);
      return `${seq} ${factOf({ ...operation, value })}`;
    });
    const facts = [...this.#known.values()].map((known) => `${known.seq} ${factOf(known)}`);
    checkTexts(rows.sort(), facts.sort(), "the feed");
  }
}

interface Applying {
  readonly known: Known | undefined;
  readonly origin: Uuid | undefined;
  readonly nowMs: number;
  readonly seq: number;
}

function apply(
  next: Map<string, Known>,
  operation: Operation,
  context: Applying,
): string | undefined {
  const { known, origin, nowMs, seq } = context;
  const id = identity(operation.key);
  // Two versions of a key never have the same time.
  const later = known === undefined ? nowMs : Math.max(nowMs, known.lastWrite + 1);
  if (operation.op === "delete") {
    if (known?.value === undefined) return undefined;
    next.set(id, { ...known, value: undefined, lastWrite: later, seq });
    return undefined;
  }
  const { key, type = "edn", immutable = false, rewrite = false }: SetOperation = operation;
  const value = decoded(operation.value);
  const isThere = known?.value !== undefined;
  if (isThere && known.immutable && !rewrite) {
    const isEqual = known.type === type && known.value !== undefined && equals(known.value, value);
    return isEqual ? undefined : "IMMUTABLE_CHANGED";
  }
  const isEcho = isThere && known.value !== undefined && print(known.value) === print(value);
  const lastWrite = operation.lastWrite ?? (isEcho ? known.lastWrite : nowMs);
  const set: Known = { key, value, type, immutable, lastWrite, origin, seq };
  if (
    isEcho &&
    known.type === type &&
    known.immutable === immutable &&
    known.lastWrite === lastWrite
  ) {
    return undefined;
  }
  next.set(id, operation.lastWrite === undefined ? { ...set, lastWrite: later } : set);
  return undefined;
}

/** Whether a key is, after a commit, what it was before. */
function isSame(now: Known, before: Known | undefined): boolean {
  if (now.value === undefined) return before?.value === undefined;
  return before?.value !== undefined && stateOf(now) === stateOf(before);
}

function stateOf(known: Omit<Known, "seq" | "origin"> & { origin?: Uuid | undefined }): string {
  const { key, value, type, immutable, lastWrite, origin } = known;
  const text = value === undefined ? "nothing" : print(value);
  return `${print(key)} ${text} ${type} ${immutable} ${lastWrite} ${origin?.toString() ?? "local"}`;
}

function factOf(fact: Pick<Known, "key" | "value" | "lastWrite">): string {
  const value = fact.value === undefined ? "gone" : print(fact.value);
  return `${print(fact.key)} ${value} ${fact.lastWrite}`;
}

function eventOf({ cursor, origin, operations }: Commit): string {
  const facts = operations.map((fact) =>
    factOf({ ...fact, value: fact.op === "delete" ? undefined : decoded(fact.value) }),
  );
  return `${cursor.seq} ${origin?.toString() ?? "local"} ${facts.sort().join(", ")}`;
}

function decoded(value: SetOperation["value"]): Edn {
  return isEncoded(value) ? value.decode() : value;
}
