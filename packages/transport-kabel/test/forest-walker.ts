/** Walks stores like those of Datahike in small: a set of branches, heads that name roots, roots that name leaves. */
import type { PointerState, ReadableStore, Walker } from "@datahike-sync/core";
import { SyncError } from "@datahike-sync/core";
import { type Edn, identity, isKind, keyword } from "@datahike-sync/edn";

export const BRANCHES: Edn = keyword("branches");
const TRUNK: Edn = keyword("db");

/** A head is `["head" version & roots]`, a root a vector of leaves, a leaf anything else. */
export function forestWalker(): Walker {
  const walker: Walker = {
    pointers: (known) => [BRANCHES, ...headsOf(known)],
    select: () => walker,
    async *walk(store) {
      const names = await store.get(BRANCHES);
      const branches = names === undefined ? [] : [{ key: BRANCHES, value: names }];
      const heads: PointerState[] = [];
      for (const key of headsOf(branches)) {
        const value = await store.get(key);
        if (value === undefined && names !== undefined) throw missing();
        if (value !== undefined) heads.push({ key, value });
      }
      for await (const key of reached(store, heads)) yield { class: "node", key };
      for (const { key, value } of [...heads, ...branches]) {
        const meta = await store.getMeta(key);
        if (meta !== undefined) yield { class: "pointer", key, value, meta };
      }
    },
    async *diff(store, from, to) {
      const shared = new Set<string>();
      for (const { value } of from) for (const key of namesOf(value)) shared.add(identity(key));
      for await (const key of reached(store, to, shared)) yield { key, change: "added" };
    },
    classify: (key) => (isKind(key, "uuid") ? "node" : isKind(key, "keyword") ? "pointer" : "cell"),
    children: (value) => (isKind(value, "set") ? [...value] : namesOf(value)),
    token: (value) => (isHead(value) ? (value[1] ?? null) : undefined),
    resolve: () => Promise.resolve(undefined),
    recycles: () => false,
  };
  return walker;
}

function headsOf(known: readonly PointerState[]): readonly Edn[] {
  const branches = known.find(({ key }) => key === BRANCHES)?.value;
  return isKind(branches, "set") ? [...branches] : [TRUNK];
}

/** Children before parents, each once. Roots are read, leaves are not. */
async function* reached(
  store: ReadableStore,
  pointers: readonly PointerState[],
  done: Set<string> = new Set(),
): AsyncGenerator<Edn> {
  for (const { value } of pointers) {
    for (const root of namesOf(value)) {
      if (done.has(identity(root))) continue;
      const node = await store.get(root);
      if (node === undefined) throw missing();
      for (const key of [...namesOf(node), root]) {
        if (done.has(identity(key))) continue;
        done.add(identity(key));
        yield key;
      }
    }
  }
}

function namesOf(value: Edn): readonly Edn[] {
  return isVector(value) ? value.filter((item) => isKind(item, "uuid")) : [];
}

function isHead(value: Edn): value is readonly Edn[] {
  return isVector(value) && value[0] === "head";
}

function isVector(value: Edn): value is readonly Edn[] {
  return Array.isArray(value);
}

function missing(): SyncError {
  // What is shown is never read to compare it.
  return new SyncError("NODE_MISSING", "a node is missing", { details: { path: [], side: "to" } });
}
