/** What the cases of the walker suite are given, and what they do with it. */
import type {
  DiffStep,
  PointerState,
  PointerStep,
  ReadableStore,
  Walker,
  WalkOptions,
  WalkStep,
} from "@datahike-sync/core";
import { type Edn, identity, print } from "@datahike-sync/edn";
import { check } from "../check.ts";
import type { RandomParameters } from "../random.ts";
import { identities, type StoreChanges, StoreView } from "./store-view.ts";

/** What is walked. The suite reads it and changes nothing. */
export interface WalkerSubject {
  readonly store: ReadableStore;
  /** Walks everything that the store's pointers reach. */
  readonly walker: Walker;
  /**
   * Values that the pointers had at other times, all of one time together, of which the store still
   * has every node. With the pointers as they are now they are what diffs are taken of. Default none.
   */
  readonly states?: readonly (readonly PointerState[])[] | undefined;
  /** Options that the walker's `select` takes, each for less than everything. Default none. */
  readonly selects?: readonly Edn[] | undefined;
  /** Whether a key may be named by a value of this store and not be in it. Default: none may. */
  readonly mayBeElsewhere?: ((key: Edn) => boolean) | undefined;
  /** Frees the store. Called after each case. */
  dispose?(): Promise<void>;
}

export class WalkerContext {
  readonly store: ReadableStore;
  readonly walker: Walker;
  readonly selects: readonly Edn[];
  readonly mayBeElsewhere: (key: Edn) => boolean;
  readonly parameters: RandomParameters;
  readonly #states: readonly (readonly PointerState[])[];

  constructor(subject: WalkerSubject, parameters: RandomParameters) {
    this.store = subject.store;
    this.walker = subject.walker;
    this.selects = subject.selects ?? [];
    this.mayBeElsewhere = subject.mayBeElsewhere ?? (() => false);
    this.parameters = parameters;
    this.#states = subject.states ?? [];
  }

  view(changes: StoreChanges): ReadableStore {
    return new StoreView(this.store, changes);
  }

  /** The steps of a walk through this view of the store. */
  async walk(changes: StoreChanges = {}, options?: WalkOptions): Promise<WalkStep[]> {
    return stepsOf(this.walker, this.view(changes), options);
  }

  /** The steps of a walk as if the pointers had these values, and there were no others. */
  walkAt(state: readonly PointerState[]): Promise<WalkStep[]> {
    return this.walk(this.at(state));
  }

  /** What makes the pointers have these values, and lets there be no others. */
  at(state: readonly PointerState[]): StoreChanges {
    const values = new Map(state.map(({ key, value }) => [identity(key), value]));
    return {
      isHidden: (key) => this.walker.classify(key) === "pointer" && !values.has(identity(key)),
      replace: (key, value) => values.get(identity(key)) ?? value,
    };
  }

  async diff(
    from: readonly PointerState[],
    to: readonly PointerState[],
    options: { readonly removed?: boolean; readonly signal?: AbortSignal } = {},
    changes: StoreChanges = {},
  ): Promise<DiffStep[]> {
    const steps: DiffStep[] = [];
    for await (const step of this.walker.diff(this.view(changes), from, to, options)) {
      steps.push(step);
    }
    return steps;
  }

  /** The pointers as they are now. */
  async now(): Promise<readonly PointerState[]> {
    const pointers = pointersOf(await this.walk());
    check(pointers.length > 0, "the store has no pointer, so that there is nothing to walk");
    return pointers;
  }

  /** Nothing, the states that were given, and the one of now. */
  async states(): Promise<readonly (readonly PointerState[])[]> {
    return [[], ...this.#states, await this.now()];
  }

  /** Checks that every child of these keys that is among them comes before. */
  async checkChildrenFirst(keys: readonly Edn[]): Promise<void> {
    const place = new Map(keys.map((key, i) => [identity(key), i]));
    for (const [i, key] of keys.entries()) {
      const value = await this.store.get(key);
      check(value !== undefined, `${print(key)} is said to be there and is not`);
      for (const child of this.walker.children(value)) {
        const at = place.get(identity(child));
        check(
          at === undefined || at < i,
          () => `${print(child)} comes after its parent ${print(key)}`,
        );
      }
    }
  }
}

/** The steps of a walk of this store. */
export async function stepsOf(
  walker: Walker,
  store: ReadableStore,
  options?: WalkOptions,
): Promise<WalkStep[]> {
  const steps: WalkStep[] = [];
  for await (const step of walker.walk(store, options)) steps.push(step);
  return steps;
}

/** The keys of a walk's nodes, in order. */
export function nodesOf(steps: readonly WalkStep[]): Edn[] {
  return steps.filter((step) => step.class === "node").map(({ key }) => key);
}

/** The pointers of a walk, in order. */
export function pointersOf(steps: readonly WalkStep[]): PointerStep[] {
  return steps.filter((step) => step.class === "pointer");
}

/** The keys of a diff's steps with this change, in order. */
export function keysWith(change: DiffStep["change"], steps: readonly DiffStep[]): Edn[] {
  return steps.filter((step) => step.change === change).map(({ key }) => key);
}

/** Checks that every one of these keys is among the others. */
export function checkAmong(keys: readonly Edn[], others: readonly Edn[], what: string): void {
  const known = identities(others);
  for (const key of keys) {
    check(known.has(identity(key)), () => `${print(key)} is too much in ${what}`);
  }
}

/** Checks that two lists hold the same keys, whatever their order, and neither holds one twice. */
export function checkSameKeys(
  actual: readonly Edn[],
  expected: readonly Edn[],
  what: string,
): void {
  const found = new Set<string>();
  for (const key of actual) {
    check(!found.has(identity(key)), () => `${print(key)} comes twice in ${what}`);
    found.add(identity(key));
  }
  checkAmong(actual, expected, what);
  for (const key of expected) {
    check(found.has(identity(key)), () => `${print(key)} is missing in ${what}`);
  }
}

/** A walk as text, to be compared as a whole. */
export function textOf(steps: readonly WalkStep[]): string {
  return steps
    .map((step) =>
      step.class === "node" ? print(step.key) : `${print(step.key)} ${print(step.value)}`,
    )
    .join("\n");
}
