/** Commits of which each can be told from what a store holds: what is left of them after a crash. */
import { Random } from "./random.ts";

/** What these commits need of a `Store` of `@datahike-sync/core`, which this package cannot depend on. */
export interface NumberedStore {
  readonly capabilities: { readonly atomic: "commit" | "prefix"; readonly feed: boolean };
  get(key: string): Promise<unknown>;
  keys(): AsyncIterable<{ readonly key: unknown }>;
  write(
    operations: readonly NumberedOperation[],
    options?: {
      readonly barrier?: boolean | undefined;
      readonly standing?: NumberedStanding | undefined;
    },
  ): Promise<unknown>;
  feed(): Promise<{ readonly last: number }>;
  standing(storeId: unknown): Promise<{ readonly revision: number } | undefined>;
  close(): Promise<void>;
}

export type NumberedOperation =
  | { readonly op: "set"; readonly key: string; readonly value: string | number }
  | { readonly op: "delete"; readonly key: string };

interface NumberedStanding {
  readonly storeId: unknown;
  readonly was: number;
  readonly now: unknown;
}

/**
 * The commits of a seed, and what a store holds after each. Where the store has a feed, each also moves the
 * standing of a subscription.
 */
export class NumberedCommits {
  readonly #storeId: unknown;
  readonly #seed: number;
  /** What the first commits leave. */
  readonly #state = new Map<string, string | number>();
  #count = 0;

  /** @param storeId the subscription's, a `Uuid`. */
  constructor(storeId: unknown, seed: number) {
    this.#storeId = storeId;
    this.#seed = seed;
  }

  /** How many are in a store. */
  async countIn(store: NumberedStore): Promise<number> {
    return Number((await store.get(COUNT)) ?? 0);
  }

  /** Writes the commit after so many others. Resolves when it is on disk. */
  async write(store: NumberedStore, before: number): Promise<void> {
    const now = { cursor: { era: "era", seq: before + 1 } };
    await store.write(operationsOf(before + 1, this.#seed), {
      barrier: true,
      ...(store.capabilities.feed && { standing: { storeId: this.#storeId, was: before, now } }),
    });
  }

  /**
   * Says what is wrong: a store has to hold the first commits, at least those that were acknowledged,
   * and of the next one nothing, or its first operations where commits are not atomic. Asked again, it
   * expects no fewer than there were.
   */
  async wrongIn(store: NumberedStore, acknowledged: number): Promise<string | undefined> {
    const count = await this.countIn(store);
    const least = Math.max(acknowledged, this.#count);
    if (count < least) return `${count} commits are left of ${least} acknowledged`;
    while (this.#count < count) apply(this.#state, operationsOf(++this.#count, this.#seed));
    const difference = await this.#difference(store);
    if (difference !== undefined) return `after ${count} commits ${difference}`;
    if (!store.capabilities.feed) return undefined;
    const { last } = await store.feed();
    const revision = (await store.standing(this.#storeId))?.revision ?? 0;
    if (last === count && revision === count) return undefined;
    return `after ${count} commits the feed ends with ${last}, the standing is of ${revision}`;
  }

  async #difference(store: NumberedStore): Promise<string | undefined> {
    const actual = new Map<string, unknown>();
    for await (const { key } of store.keys()) {
      actual.set(String(key), await store.get(String(key)));
    }
    let difference = differenceOf(actual, this.#state);
    if (store.capabilities.atomic === "commit") return difference;
    const state = new Map(this.#state);
    for (const operation of operationsOf(this.#count + 1, this.#seed)) {
      if (difference === undefined) break;
      apply(state, [operation]);
      difference = differenceOf(actual, state);
    }
    return difference;
  }
}

/** The number of the last commit, set by it after everything else. */
const COUNT = "count";
const KEYS = 24;
/** Text that no engine makes shorter, so that a disk is as full as it looks. */
const NOISE: string = noise(new Random(0, 1));

function operationsOf(number: number, seed: number): NumberedOperation[] {
  const random = new Random(number, seed);
  const operations = Array.from({ length: 1 + random.below(6) }, (): NumberedOperation => {
    const key = `key-${random.below(KEYS)}`;
    if (random.below(4) === 0) return { op: "delete", key };
    // Some have rows of their own, some are longer than a block of any engine.
    const length = random.below(random.pick([10, 200, 3_000, 40_000]));
    const from = random.below(NOISE.length - length);
    return { op: "set", key, value: `${number} ${NOISE.slice(from, from + length)}` };
  });
  return [...operations, { op: "set", key: COUNT, value: number }];
}

function noise(random: Random): string {
  return Array.from({ length: 80_000 }, () => String.fromCharCode(32 + random.below(95))).join("");
}

function apply(
  state: Map<string, string | number>,
  operations: readonly NumberedOperation[],
): void {
  for (const operation of operations) {
    if (operation.op === "delete") state.delete(operation.key);
    else state.set(operation.key, operation.value);
  }
}

function differenceOf(
  actual: ReadonlyMap<string, unknown>,
  expected: ReadonlyMap<string, unknown>,
): string | undefined {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    const [is, was] = [actual.get(key), expected.get(key)];
    if (is !== was) return `${key} is ${brief(is)} instead of ${brief(was)}`;
  }
  return undefined;
}

function brief(value: unknown): string {
  if (value === undefined) return "not there";
  return typeof value === "string" ? value.split(" ", 1).join() : JSON.stringify(value);
}
