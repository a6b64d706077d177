/** Trees in a store: nodes that name others, and pointers that name nodes. */
import {
  type DiffStep,
  type EntryClass,
  type Operation,
  type PointerStep,
  type ReadableStore,
  type Store,
  SyncError,
  type Walker,
  type WalkStep,
} from "@datahike-sync/core";
import { type Edn, isKind, keyword, print } from "@datahike-sync/edn";
import type { Random } from "@datahike-sync/testing";

export const ROOTS = [keyword("one"), keyword("two")] as const;

/** Walks trees whose nodes are vectors of keys. */
export class ForestWalker implements Walker {
  /** How often it was asked to walk. */
  walks = 0;
  /** Something that is done whenever a node was read. */
  onNode: (() => Promise<void>) | undefined;
  readonly #recycles: boolean;

  constructor(recycles = false) {
    this.#recycles = recycles;
  }

  async *walk(store: ReadableStore): AsyncGenerator<WalkStep, void> {
    this.walks++;
    const pointers: PointerStep[] = [];
    for (const key of ROOTS) {
      const [value, meta] = [await store.get(key), await store.getMeta(key)];
      if (value !== undefined && meta !== undefined) {
        pointers.push({ class: "pointer", key, value, meta });
      }
    }
    const met = new Set<string>();
    for (const { value } of pointers) {
      for (const kid of this.children(value)) yield* this.#below(store, kid, met);
    }
    yield* pointers;
  }

  pointers(): readonly Edn[] {
    return ROOTS;
  }

  select(): Walker {
    return this;
  }

  diff(): AsyncGenerator<DiffStep, void> {
    throw new TypeError("a copy needs no difference");
  }

  classify(key: Edn): EntryClass {
    return isKind(key, "keyword") ? "pointer" : "node";
  }

  children(value: Edn): readonly Edn[] {
    return value as readonly Edn[];
  }

  token(): undefined {
    return undefined;
  }

  resolve(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  recycles(): boolean {
    return this.#recycles;
  }

  async *#below(store: ReadableStore, key: Edn, met: Set<string>): AsyncGenerator<WalkStep, void> {
    if (met.has(print(key))) return;
    met.add(print(key));
    const value = await store.get(key);
    await this.onNode?.();
    if (value === undefined) {
      throw new SyncError("NODE_MISSING", "a node is not there", {
        details: { path: [print(key)] },
      });
    }
    for (const kid of this.children(value)) yield* this.#below(store, kid, met);
    yield { class: "node", key };
  }
}

/** Grows trees, and deletes what is no longer reached. */
export class Gardener {
  readonly #random: Random;
  readonly #nodes = new Map<string, readonly string[]>();
  readonly #roots = new Map<Edn, readonly string[]>();
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A commit that moves a pointer to a root of which some is new. */
  grow(levels = 4): Operation[] {
    const operations: Operation[] = [];
    const root = this.#random.pick(ROOTS);
    const make = (level: number): string => {
      const old = [...this.#nodes.keys()];
      if (old.length > 0 && this.#random.below(3) === 0) return this.#random.pick(old);
      const width = level === 0 ? 0 : 1 + this.#random.below(3);
      const kids = Array.from({ length: width }, () => make(level - 1));
      const key = `n${++this.#count}`;
      this.#nodes.set(key, kids);
      operations.push({ op: "set", key, value: kids, immutable: true });
      return key;
    };
    const kids = [make(levels), make(levels)];
    this.#roots.set(root, kids);
    return [...operations, { op: "set", key: root, value: kids }];
  }

  /** A commit that deletes what no pointer reaches. */
  collect(): Operation[] {
    const reached = this.reached();
    const garbage = [...this.#nodes.keys()].filter((key) => !reached.has(key));
    for (const key of garbage) this.#nodes.delete(key);
    return garbage.map((key) => ({ op: "delete", key }));
  }

  reached(): Set<string> {
    const reached = new Set<string>();
    const visit = (key: string): void => {
      if (reached.has(key)) return;
      reached.add(key);
      this.#nodes.get(key)?.forEach(visit);
    };
    for (const kids of this.#roots.values()) kids.forEach(visit);
    return reached;
  }
}

/** What the pointers of a store do not reach, though they name it. */
export async function missingIn(store: Store): Promise<string[]> {
  const missing: string[] = [];
  const met = new Set<string>();
  const visit = async (key: string): Promise<void> => {
    if (met.has(key)) return;
    met.add(key);
    const kids = (await store.get(key)) as readonly string[] | undefined;
    if (kids === undefined) missing.push(key);
    for (const kid of kids ?? []) await visit(kid);
  };
  for (const root of ROOTS) {
    for (const kid of ((await store.get(root)) ?? []) as readonly string[]) await visit(kid);
  }
  return missing;
}
