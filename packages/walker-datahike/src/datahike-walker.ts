import { Branch, RootHandle, toNode } from "@datahike-sync/btset";
import type {
  DiffOptions,
  DiffStep,
  EntryClass,
  EntryMeta,
  PointerState,
  ReadableStore,
  Walker,
  WalkOptions,
  WalkStep,
} from "@datahike-sync/core";
import { type Edn, type EdnMap, equals, type Keyword, keyword, kindOf } from "@datahike-sync/edn";
import { CountedSource } from "@datahike-sync/walker-pss";
import { indicesOf, isDbRecord, isSet, schemaKeyOf } from "./db-record.ts";
import { BRANCHES, branchNames, pointerKeys, readPointers } from "./pointers.ts";
import { diffRecords } from "./record-diff.ts";
import { walkRecords } from "./record-walk.ts";
import type { WalkScope } from "./records.ts";
import { isCount, narrow, type Selection } from "./selection.ts";
import { commitOfToken, tokenOf } from "./token.ts";

export interface DatahikeWalkerOptions {
  /** The branches to be walked, as far as they are there. Default: all. */
  readonly branches?: readonly Keyword[] | undefined;
  /** Whether temporal indices are walked. Default true. */
  readonly history?: boolean | undefined;
  /** How many commits of each branch, from its head back, keep their records. Default 0. */
  readonly commits?: number | undefined;
}

/** What {@link datahikeWalker} takes where an option is not given; all branches. */
export const DATAHIKE_WALKER_DEFAULTS: WalkScope = {
  history: true,
  commits: 0,
};

/**
 * A walker of Datahike stores: from the heads of branches it finds index nodes, the schema, the blobs
 * that values of `:db.type/store-ref` name as far as they are in this store, and commit records if
 * asked for.
 */
export function datahikeWalker(options: DatahikeWalkerOptions = {}): Walker {
  const { commits = DATAHIKE_WALKER_DEFAULTS.commits } = options;
  if (!isCount(commits)) throw new RangeError("commits is a whole number, at least 0");
  return new DatahikeWalker({
    branches: options.branches,
    history: options.history ?? DATAHIKE_WALKER_DEFAULTS.history,
    commits,
  });
}

class DatahikeWalker implements Walker {
  readonly #selection: Selection;

  constructor(selection: Selection) {
    this.#selection = selection;
  }

  pointers(known: readonly PointerState[]): readonly Edn[] {
    return pointerKeys(known, this.#selection.branches);
  }

  /** Takes what {@link DatahikeWalkerOptions} has, as EDN: `{:branches #{:db} :history false}`. */
  select(options: Edn): Walker {
    return options === null ? this : new DatahikeWalker(narrow(this.#selection, options));
  }

  async *walk(store: ReadableStore, options: WalkOptions = {}): AsyncGenerator<WalkStep, void> {
    const { signal } = options;
    const source = new CountedSource(store, options.onProgress);
    const { heads, branches } = await readPointers(store, this.#selection.branches, signal);
    // A head names all it reaches, the set of branches names the heads: it comes last.
    const pointers = branches === undefined ? heads : [...heads, branches];
    source.countDecoded(pointers.length);
    for await (const keys of walkRecords(source, heads, this.#selection, signal)) {
      for (const key of keys) {
        source.countKey();
        yield { class: "node", key };
      }
    }
    for (const pointer of pointers) {
      source.countKey();
      yield pointer;
    }
    source.report();
  }

  async *diff(
    store: ReadableStore,
    from: readonly PointerState[],
    to: readonly PointerState[],
    options: DiffOptions = {},
  ): AsyncGenerator<DiffStep, void> {
    const { signal, removed = false } = options;
    const source = new CountedSource(store, options.onProgress);
    const recycled = [...from, ...to].some(({ value }) => this.recycles(value));
    const steps =
      from.length === 0 || recycled
        ? addAll(walkRecords(source, to, this.#selection, signal))
        : diffRecords(source, from, to, this.#selection, { signal, removed });
    for await (const step of steps) {
      source.countKey();
      yield step;
    }
    source.report();
  }

  classify(key: Edn, meta?: Pick<EntryMeta, "immutable">): EntryClass {
    if (meta?.immutable === true || kindOf(key) === "uuid") return "node";
    if (kindOf(key) !== "keyword") return "cell";
    const { branches } = this.#selection;
    const chosen = branches === undefined || branches.some((name) => name === key);
    return key === BRANCHES || chosen ? "pointer" : "cell";
  }

  children(value: Edn): readonly Edn[] {
    if (isDbRecord(value)) return childrenOfRecord(value);
    const node = toNode(value);
    if (node instanceof RootHandle) return [node.address];
    if (node instanceof Branch) return node.addresses;
    return branchNames(value) ?? [];
  }

  token(value: Edn): Edn | undefined {
    return isDbRecord(value) ? tokenOf(value) : undefined;
  }

  async resolve(store: ReadableStore, token: Edn): Promise<Edn | undefined> {
    const commitId = commitOfToken(token);
    const value = commitId && (await store.get(commitId));
    // A token comes from another machine: it finds records of commits, and nothing else.
    return isDbRecord(value) && equals(tokenOf(value), token) ? value : undefined;
  }

  recycles(value: Edn): boolean {
    return isDbRecord(value) && isSet(value, ONLINE_GC, ENABLED) && !isSet(value, CRYPTO_HASH);
  }
}

const ONLINE_GC: Keyword = keyword("online-gc");
const ENABLED: Keyword = keyword("enabled?");
const CRYPTO_HASH: Keyword = keyword("crypto-hash?");

/**
 * Where addresses are given to other nodes, one that two states share says nothing: all that is
 * reached counts as added, and what an old state reached can no longer be told.
 */
async function* addAll(
  batches: AsyncIterable<readonly Edn[]>,
): AsyncGenerator<DiffStep, void, undefined> {
  for await (const keys of batches) for (const key of keys) yield { key, change: "added" };
}

function childrenOfRecord(record: EdnMap): readonly Edn[] {
  const keys = indicesOf(record).flatMap(({ handle, root }) => {
    const node = toNode(root);
    if (node === undefined) return [handle.address];
    return node instanceof Branch ? node.addresses : [];
  });
  const schemaKey = schemaKeyOf(record);
  return schemaKey === undefined ? keys : [...keys, schemaKey];
}
