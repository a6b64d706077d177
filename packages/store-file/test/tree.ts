/** Trees of one level: a pointer whose value names nodes. */
import {
  type DiffStep,
  type Operation,
  type PointerState,
  type ReadableStore,
  SyncError,
  type Walker,
  type WalkStep,
} from "@datahike-sync/core";
import { type Edn, keyword } from "@datahike-sync/edn";

export const ROOT: Edn = keyword("root");

/** Moves the pointer to new nodes beside some of those before, and deletes the others. */
export function treeCommit(number: number): Operation[] {
  const nodesOf = (from: number): string[] =>
    Array.from({ length: 3 }, (_, i) => Array.from({ length: 4 }, (__, j) => `n${from - i}-${j}`))
      .flat()
      .filter((name) => !name.startsWith("n0") && !name.startsWith("n-"));
  const old = nodesOf(number - 1).filter((name) => !nodesOf(number).includes(name));
  return [
    ...nodesOf(number)
      .filter((name) => name.startsWith(`n${number}-`))
      .map(
        (key): Operation => ({ op: "set", key, value: [number, "x".repeat(900)], immutable: true }),
      ),
    { op: "set", key: ROOT, value: [number, nodesOf(number)] },
    ...old.map((key): Operation => ({ op: "delete", key })),
  ];
}

/** The number of the commit that a root is of. */
export function numberOf(root: Edn | undefined): number {
  return Array.isArray(root) ? (root[0] as number) : 0;
}

export function nodesOf(root: Edn | undefined): readonly string[] {
  return Array.isArray(root) ? (root[1] as readonly string[]) : [];
}

export const TREE_WALKER: Walker = {
  pointers: () => [ROOT],
  select: () => TREE_WALKER,
  classify: (key) => (typeof key === "string" ? "node" : "pointer"),
  children: nodesOf,
  token: () => undefined,
  resolve: async () => undefined,
  recycles: () => false,
  async *walk(store) {
    const [value, meta] = [await store.get(ROOT), await store.getMeta(ROOT)];
    if (value === undefined || meta === undefined) return;
    for (const key of nodesOf(value)) {
      await checkThere(store, key);
      yield { class: "node", key } satisfies WalkStep;
    }
    yield { class: "pointer", key: ROOT, value, meta } satisfies WalkStep;
  },
  async *diff(store, from, to, options = {}) {
    const [before, after] = [from, to].map((states) => new Set(states.flatMap(nodesOfState)));
    for (const key of after ?? []) {
      if (before?.has(key)) continue;
      await checkThere(store, key);
      yield { key, change: "added" } satisfies DiffStep;
    }
    if (options.removed !== true) return;
    for (const key of before ?? []) {
      if (!after?.has(key)) yield { key, change: "removed" } satisfies DiffStep;
    }
  },
};

function nodesOfState({ value }: PointerState): readonly string[] {
  return nodesOf(value);
}

async function checkThere(store: ReadableStore, key: string): Promise<void> {
  if (await store.has(key)) return;
  throw new SyncError("NODE_MISSING", "a node is not there", { details: { path: [key] } });
}
