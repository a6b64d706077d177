/** Finds what pointers reach in the stores of a world. */
import {
  type DiffOptions,
  type DiffStep,
  type EntryClass,
  type EntryMeta,
  type PointerState,
  type PointerStep,
  type ReadableStore,
  SyncError,
  type Walker,
  type WalkOptions,
  type WalkStep,
} from "@datahike-sync/core";
import { type Edn, equals, isKind, keyword, print } from "@datahike-sync/edn";
import { BRANCHES, type Content, isNodeKey, keyText, toContent } from "./content.ts";

/** What is selected of the nodes by which pointers' values are found again; of a replica, what is there. */
export type Records = "none" | "all" | "present";

/** In a vector of names: every branch, and the records too. */
export const ALL_BRANCHES = "*";
export const WITH_RECORDS = "+records";

/** `null` selects every branch, a vector of names those. */
export class TreeWalker implements Walker {
  readonly #names: ReadonlySet<string> | undefined;
  readonly #records: Records;

  constructor(names?: Iterable<string>, records: Records = "none") {
    this.#names = names === undefined ? undefined : new Set(names);
    this.#records = records;
  }

  pointers(known: readonly PointerState[]): readonly Edn[] {
    const branches = known.find(({ key }) => key === BRANCHES);
    const names = branches === undefined ? [] : (toContent(branches.value).names ?? []);
    const selected = names.filter((name) => this.#names === undefined || this.#names.has(name));
    return [BRANCHES, ...selected.map((name) => keyword(name))];
  }

  select(options: Edn): Walker {
    if (options === null) return this;
    if (!Array.isArray(options)) throw new TypeError("a selection is a vector of names");
    const names = (options as readonly Edn[]).map((name) => {
      if (typeof name !== "string") throw new TypeError("a selection is a vector of names");
      return name;
    });
    const records = names.includes(WITH_RECORDS) ? "all" : this.#records;
    if (names.includes(ALL_BRANCHES)) return new TreeWalker(this.#names, records);
    const isSeen = (name: string) => this.#names === undefined || this.#names.has(name);
    return new TreeWalker(names.filter(isSeen), records);
  }

  async *walk(store: ReadableStore, options: WalkOptions = {}): AsyncGenerator<WalkStep, void> {
    const pointers = await this.#pointers(store);
    const keys = await this.#reach(store, pointers, undefined, options);
    for (const key of keys) yield { class: "node", key };
    yield* pointers;
    options.onProgress?.({ keys: keys.size + pointers.length, decoded: keys.size });
  }

  async *diff(
    store: ReadableStore,
    from: readonly PointerState[],
    to: readonly PointerState[],
    options: DiffOptions = {},
  ): AsyncGenerator<DiffStep, void> {
    options.signal?.throwIfAborted();
    if ([...from, ...to].some(({ value }) => this.recycles(value))) {
      for (const key of await this.#reach(store, to, "to", options)) {
        yield { key, change: "added" };
      }
      return;
    }
    if (isSame(from, to)) return;
    const before = await this.#reach(store, from, "from", options);
    const after = await this.#reach(store, to, "to", options, before);
    for (const key of after) if (!before.has(key)) yield { key, change: "added" };
    if (options.removed !== true) return;
    const all = await this.#reach(store, to, "to", options);
    // Parents before children.
    for (const key of [...before].reverse()) if (!all.has(key)) yield { key, change: "removed" };
  }

  classify(key: Edn): EntryClass {
    if (isNodeKey(key)) return "node";
    return isKind(key, "keyword") ? "pointer" : "cell";
  }

  children(value: Edn): readonly Edn[] {
    return toContent(value).kids;
  }

  token(value: Edn): Edn | undefined {
    return toContent(value).record;
  }

  async resolve(store: ReadableStore, token: Edn): Promise<Edn | undefined> {
    if (!isNodeKey(token)) return undefined;
    const value = await store.get(token);
    return value !== undefined && equals(this.token(value) ?? null, token) ? value : undefined;
  }

  recycles(value: Edn): boolean {
    return toContent(value).recycles === true;
  }

  #rootsOf({ kids, record }: Content): readonly string[] {
    return this.#records === "none" || record === undefined ? kids : [...kids, record];
  }

  /** Keys of what the pointers reach, children before parents. Does not look below what is `known`. */
  async #reach(
    store: ReadableStore,
    pointers: readonly PointerState[],
    side: "from" | "to" | undefined,
    options: WalkOptions,
    known?: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>> {
    const kidsOf = new Map<string, readonly string[]>();
    const roots = pointers.map(({ value }) => this.#rootsOf(toContent(value)));
    // Level by level: one read for each, as a walker of real trees would.
    for (let level = [...new Set(roots.flat())]; level.length > 0; ) {
      options.signal?.throwIfAborted();
      const asked = level.filter((key) => known?.has(key) !== true);
      const values = await store.getMany(asked);
      const below: string[] = [];
      asked.forEach((key, index) => {
        const value = values[index];
        if (value === undefined && this.#records === "present" && key.startsWith("r")) return;
        if (value === undefined) throw missing(key, pointers, side);
        const { kids } = toContent(value);
        kidsOf.set(key, kids);
        below.push(...kids);
      });
      level = [...new Set(below)].filter((key) => !kidsOf.has(key));
    }
    const found = new Set<string>();
    // Keys that are used again while they are read may seem to be below themselves.
    const entered = new Set<string>();
    const visit = (key: string): void => {
      if (entered.has(key)) return;
      entered.add(key);
      for (const kid of kidsOf.get(key) ?? []) visit(kid);
      found.add(key);
    };
    for (const key of roots.flat()) visit(key);
    return found;
  }

  async #pointers(store: ReadableStore): Promise<PointerStep[]> {
    const steps: PointerStep[] = [];
    const read = async (key: Edn) => {
      const [value, meta] = [await store.get(key), await store.getMeta(key)];
      if (value === undefined || meta === undefined) return;
      steps.push({ class: "pointer", key, value, meta: meta satisfies EntryMeta });
    };
    await read(BRANCHES);
    for (const key of this.pointers(steps)) if (key !== BRANCHES) await read(key);
    return steps;
  }
}

function missing(
  key: string,
  pointers: readonly PointerState[],
  side: "from" | "to" | undefined,
): SyncError {
  const path = [...pointers.map((pointer) => keyText(pointer.key)), print(key)];
  return new SyncError("NODE_MISSING", "a node is not there", {
    details: { path, ...(side !== undefined && { side }) },
  });
}

function isSame(a: readonly PointerState[], b: readonly PointerState[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ key, value }) =>
      b.some((other) => equals(other.key, key) && equals(other.value, value)),
    )
  );
}
