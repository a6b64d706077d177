/** A store under test, and what all cases ask of it. */
import {
  type Capabilities,
  type Commit,
  type FeedPosition,
  type FeedRow,
  isEncoded,
  type KeyEntry,
  type Operation,
  type SetOperation,
  type Store,
} from "@datahike-sync/core";
import { type Edn, print, type Uuid, uuid } from "@datahike-sync/edn";
import type { EdnArbitraryOptions } from "@datahike-sync/edn/arbitrary";
import { check } from "../check.ts";
import { within } from "../patience.ts";
import type { RandomParameters } from "../random.ts";

/** A place where one store is kept, empty at first. */
export interface StoreSubject {
  /**
   * Opens the store that is kept here: for the first time, again after it was closed or crashed, and
   * where it is shared also beside others. It reads values encoded.
   */
  open(): Promise<Store>;
  /** Ends all that is open as a failure of power would, without waiting. */
  crash?(): void;
  /** Frees the place. Called once, after the stores were closed. */
  dispose?(): Promise<void>;
}

/** What a subject is made with. */
export interface StoreWorld {
  /** The time of day that its stores must go by, in milliseconds. A case may set it back. */
  readonly now: () => number;
}

/** What the cases of the store suite are given. */
export class StoreContext {
  readonly capabilities: Capabilities;
  readonly parameters: RandomParameters;
  readonly values: EdnArbitraryOptions;
  readonly timeoutMs: number;
  readonly #make: (world: StoreWorld) => Promise<StoreSubject>;
  readonly #subjects: StoreSubject[] = [];
  readonly #stores: Store[] = [];
  /** What the time of day is. */
  nowMs = 1_700_000_000_000;

  constructor(
    make: (world: StoreWorld) => Promise<StoreSubject>,
    options: Pick<StoreContext, "capabilities" | "parameters" | "values" | "timeoutMs">,
  ) {
    this.#make = make;
    this.capabilities = options.capabilities;
    this.parameters = options.parameters;
    this.values = options.values;
    this.timeoutMs = options.timeoutMs;
  }

  /** Whether its stores can be replicas. */
  get hasStandings(): boolean {
    const { feed, standings = feed } = this.capabilities;
    return standings;
  }

  /** An empty place of its own. */
  async place(): Promise<StorePlace> {
    const making = this.#make({ now: () => this.nowMs });
    const subject = await within(making, this.timeoutMs, "there was no place for a store");
    this.#subjects.push(subject);
    return {
      open: async () => {
        const store = await within(subject.open(), this.timeoutMs, "the store was not opened");
        this.#stores.push(store);
        return store;
      },
      crash: () => {
        this.#stores.length = 0;
        subject.crash?.();
      },
    };
  }

  /** An empty store of its own. */
  async store(): Promise<Store> {
    return (await this.place()).open();
  }

  async dispose(): Promise<void> {
    const closed = Promise.all(this.#stores.map((store) => store.close()));
    await within(closed, this.timeoutMs, "the stores were not closed after the case");
    for (const subject of this.#subjects) await subject.dispose?.();
  }
}

/** A place in a case: what is opened there is closed after it. */
export interface StorePlace {
  open(): Promise<Store>;
  crash(): void;
}

/** Two store ids. */
export const STORE_A: Uuid = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
export const STORE_B: Uuid = uuid("3de613f4-58b2-55d6-8ccd-b472ed7b9d3a");

/** An operation that sets. */
export function set(
  key: Edn,
  value: SetOperation["value"],
  options: Omit<SetOperation, "op" | "key" | "value"> = {},
): SetOperation {
  return { ...options, op: "set", key, value };
}

/** An operation that deletes. */
export function remove(key: Edn): Operation {
  return { op: "delete", key };
}

/** All that `keys` lists. */
export async function listed(store: Store): Promise<KeyEntry[]> {
  const entries: KeyEntry[] = [];
  for await (const entry of store.keys()) entries.push(entry);
  return entries;
}

/** The whole feed behind a place, read in chunks. */
export async function feedOf(
  store: Store,
  after: FeedPosition = { seq: 0, place: 0 },
  limit = 100,
): Promise<FeedRow[]> {
  const rows: FeedRow[] = [];
  for (;;) {
    const since = Number.POSITIVE_INFINITY;
    const read = await store.changes(rows.at(-1) ?? after, { limit, since });
    check(read.rows.length <= limit, `changes gave more than the limit of ${limit} rows`);
    check(read.done || read.rows.length > 0, "changes gave no rows and was not done");
    rows.push(...read.rows);
    if (read.done) return rows;
  }
}

/** Checks what the whole feed says, of a store that has one. */
export async function checkFeed(
  { capabilities }: StoreContext,
  store: Store,
  expected: readonly string[],
  what: string,
): Promise<void> {
  if (capabilities.feed) checkTexts((await feedOf(store)).map(told), expected, what);
}

/** A row of the feed in few words, such as `3 set :a 1`. */
export function told({ seq, operation }: FeedRow): string {
  return `${seq} ${factOf(operation)}`;
}

/** A commit in few words, such as `3 set :a 1, delete :b`. */
export function commitOf({ cursor, operations }: Commit): string {
  return `${cursor.seq} ${operations.map(factOf).join(", ")}`;
}

/** Checks that two lists of texts are the same. */
export function checkTexts(
  actual: readonly string[],
  expected: readonly string[],
  what: string,
): void {
  const show = (texts: readonly string[]) => (texts.length === 0 ? "nothing" : texts.join("; "));
  const isSame =
    actual.length === expected.length && actual.every((text, i) => text === expected[i]);
  check(isSame, () => `${what}: ${show(actual)} instead of ${show(expected)}`);
}

/** Checks that a value is there as it was set, its kind included. */
export function checkValue(actual: Edn | undefined, expected: Edn | undefined, what: string): void {
  const isSame =
    actual === undefined || expected === undefined
      ? actual === expected
      : print(actual) === print(expected);
  check(isSame, () => `${what}: ${textOf(actual)} instead of ${textOf(expected)}`);
}

/** A value as text that tells kinds apart, shortened where it is long; `nothing` where there is none. */
export function textOf(value: Edn | undefined): string {
  if (value === undefined) return "nothing";
  const text = print(value);
  if (text.length <= 200) return text;
  return `${text.length} characters, ${text.slice(0, 40)} … ${text.slice(-40)}`;
}

function factOf(fact: FeedRow["operation"]): string {
  if (fact.op === "delete") return `delete ${textOf(fact.key)}`;
  const value = isEncoded(fact.value) ? fact.value.decode() : fact.value;
  return `set ${textOf(fact.key)} ${textOf(value)}`;
}
