/** A store and a walker as simple as they can be: nodes and pointers are maps that name nodes. */
import {
  type DiffOptions,
  type DiffStep,
  type EntryClass,
  type EntryMeta,
  type KeyEntry,
  type PointerState,
  type PointerStep,
  type ReadableStore,
  type ReadOptions,
  SyncError,
  type Walker,
  type WalkOptions,
  type WalkStep,
} from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  EdnSet,
  identity,
  isKind,
  type Keyword,
  keyword,
  kindOf,
  type Uuid,
  uuid,
} from "@datahike-sync/edn";

const CHILDREN = keyword("children");
const COMMIT = keyword("commit");
const RECYCLES = keyword("recycles");
const POINTERS: readonly Keyword[] = [keyword("one"), keyword("two")];

/** A node or a pointer that names these nodes. */
export function naming(...numbers: readonly number[]): EdnMap {
  return new EdnMap([[CHILDREN, numbers.map(nodeKey)]]);
}

export function pointer(name: string, commit: number, ...numbers: readonly number[]): PointerState {
  return { key: keyword(name), value: naming(...numbers).with(COMMIT, nodeKey(commit)) };
}

export function nodeKey(number: number): Uuid {
  return uuid(`00000000-0000-4000-8000-${String(number).padStart(12, "0")}`);
}

export class PlainStore implements ReadableStore {
  readonly #entries: ReadonlyMap<string, readonly [key: Edn, value: Edn]>;

  constructor(entries: readonly (readonly [key: Edn, value: Edn])[]) {
    this.#entries = new Map(entries.map((entry) => [identity(entry[0]), entry]));
  }

  async get(key: Edn): Promise<never> {
    // No test of a walker reads an entry encoded, which the other type of `get` gives.
    return this.#entries.get(identity(key))?.[1] as never;
  }

  getMany(keys: readonly Edn[]): Promise<never> {
    return Promise.all(keys.map((key) => this.get(key))) as Promise<never>;
  }

  async getMeta(key: Edn): Promise<EntryMeta | undefined> {
    return this.#entries.has(identity(key)) ? META : undefined;
  }

  async has(key: Edn): Promise<boolean> {
    return this.#entries.has(identity(key));
  }

  async *keys(): AsyncGenerator<KeyEntry> {
    for (const [key] of this.#entries.values()) yield { key, ...META };
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

const META: EntryMeta = { type: "edn", lastWrite: 7, immutable: false };

/** What one walk has found. */
export interface Search {
  readonly store: ReadableStore;
  readonly options: ReadOptions;
  readonly found: Map<string, Edn>;
  decoded: number;
}

export class PlainWalker implements Walker {
  readonly names: readonly Keyword[];

  /** Of these pointers. */
  constructor(names: readonly Keyword[] = POINTERS) {
    this.names = names;
  }

  pointers(_known: readonly PointerState[]): readonly Edn[] {
    return this.names;
  }

  /** Takes a set of pointers. */
  select(options: Edn): PlainWalker {
    if (options === null) return this;
    if (!isKind(options, "set")) throw new TypeError("options are a set of pointers");
    return new PlainWalker(this.names.filter((name) => options.has(name)));
  }

  async *walk(store: ReadableStore, options: WalkOptions = {}): AsyncGenerator<WalkStep, void> {
    const pointers = await this.readPointers(store, options);
    const search = this.search(store, options);
    for (const { key, value } of pointers) await this.collect(search, value, [key]);
    let keys = 0;
    for (const key of search.found.values()) {
      yield { class: "node", key };
      options.onProgress?.({ keys: ++keys, decoded: pointers.length + search.decoded });
    }
    for (const step of pointers) {
      yield step;
      options.onProgress?.({ keys: ++keys, decoded: pointers.length + search.decoded });
    }
    options.onProgress?.({ keys, decoded: pointers.length + search.decoded });
  }

  async *diff(
    store: ReadableStore,
    from: readonly PointerState[],
    to: readonly PointerState[],
    options: DiffOptions = {},
  ): AsyncGenerator<DiffStep, void> {
    options.signal?.throwIfAborted();
    if ([...from, ...to].some(({ value }) => this.recycles(value))) {
      for (const key of (await this.reach(store, to, options)).values()) {
        yield { key, change: "added" };
      }
      return;
    }
    if (stateText(from) === stateText(to)) return;
    const [before, after] = [
      await this.reach(store, from, options),
      await this.reach(store, to, options),
    ];
    for (const [id, key] of after) if (!before.has(id)) yield { key, change: "added" };
    if (options.removed !== true) return;
    for (const [id, key] of before) if (!after.has(id)) yield { key, change: "removed" };
  }

  classify(key: Edn): EntryClass {
    if (kindOf(key) === "uuid") return "node";
    return this.names.some((name) => name === key) ? "pointer" : "cell";
  }

  children(value: Edn): readonly Edn[] {
    const children = isKind(value, "map") ? value.get(CHILDREN) : undefined;
    return Array.isArray(children) ? (children as readonly Edn[]) : [];
  }

  token(value: Edn): Edn | undefined {
    return isKind(value, "map") ? value.get(COMMIT) : undefined;
  }

  async resolve(store: ReadableStore, token: Edn): Promise<Edn | undefined> {
    const value = await store.get(token);
    if (value === undefined || this.classify(token) !== "node") return undefined;
    const own = this.token(value);
    return own !== undefined && identity(own) === identity(token) ? value : undefined;
  }

  recycles(value: Edn): boolean {
    return isKind(value, "map") && value.get(RECYCLES) === true;
  }

  async readPointers(store: ReadableStore, options: WalkOptions): Promise<PointerStep[]> {
    options.signal?.throwIfAborted();
    const steps: PointerStep[] = [];
    for (const key of this.names) {
      const [value, meta] = [await store.get(key), await store.getMeta(key)];
      if (value !== undefined && meta !== undefined) {
        steps.push({ class: "pointer", key, value, meta });
      }
    }
    return steps;
  }

  search(store: ReadableStore, options: ReadOptions): Search {
    return { store, options, found: new Map(), decoded: 0 };
  }

  /** Finds what a value reaches, children before parents. */
  async collect(search: Search, value: Edn, path: readonly Edn[]): Promise<void> {
    for (const key of this.children(value)) {
      if (search.found.has(identity(key))) continue;
      const node = await search.store.get(key);
      search.decoded++;
      if (node === undefined) this.miss([...path, key]);
      else await this.collect(search, node, [...path, key]);
      if (node !== undefined) search.found.set(identity(key), key);
    }
  }

  miss(path: readonly Edn[]): void {
    const names = path.map((key) => (isKind(key, "uuid") ? key.toString() : identity(key)));
    throw new SyncError("NODE_MISSING", "a node is not there", { details: { path: names } });
  }

  async reach(
    store: ReadableStore,
    state: readonly PointerState[],
    options: ReadOptions,
  ): Promise<ReadonlyMap<string, Edn>> {
    const search = this.search(store, options);
    for (const { key, value } of state) await this.collect(search, value, [key]);
    return search.found;
  }
}

/** The state as a pointer of a store that uses keys again. */
export function recycling({ key, value }: PointerState): PointerState {
  return { key, value: isKind(value, "map") ? value.with(RECYCLES, true) : value };
}

function stateText(state: readonly PointerState[]): string {
  return identity(new EdnSet(state.map(({ key, value }) => [key, value])));
}
