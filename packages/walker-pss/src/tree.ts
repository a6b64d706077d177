import { missingNode, type NodePath, type NodeSource } from "@datahike-sync/btset";
import type { Edn } from "@datahike-sync/edn";

/** A tree to be walked. */
export interface Tree {
  /** Where its root is named, the root's address last. */
  readonly path: NodePath;
  /** Its root, where a pointer's value holds it and no entry under its address does. */
  readonly root?: Edn | undefined;
  /** How its items are ordered, where that is known: it spares a diff from reading whole trees. */
  readonly order?: ((a: Edn, b: Edn) => number) | undefined;
}

/** How many branches are read as one; they are all that a walk holds of a level. */
export const READ_BATCH = 8;

/** How many leaves are looked for at a time. */
export const CHECK_BATCH = 64;

/**
 * Makes sure that these entries are there, without reading them.
 *
 * @throws {SyncError} `NODE_MISSING` with `details.path` for the first that is not.
 */
export async function requirePresent(
  store: NodeSource,
  paths: readonly NodePath[],
  signal?: AbortSignal,
): Promise<void> {
  for (const batch of batches(paths, CHECK_BATCH)) {
    const present = await Promise.all(batch.map(({ key }) => store.has(key, { signal })));
    const missing = batch[present.indexOf(false)];
    if (missing !== undefined) throw missingNode(missing);
  }
}

/** Those of these keys that are there, without reading their values. */
export async function presentKeys(
  store: NodeSource,
  keys: readonly Edn[],
  signal?: AbortSignal,
): Promise<readonly Edn[]> {
  const present: Edn[] = [];
  for (const batch of batches(keys, CHECK_BATCH)) {
    const answers = await Promise.all(batch.map((key) => store.has(key, { signal })));
    present.push(...batch.filter((_, i) => answers[i]));
  }
  return present;
}

/** Parts of an array, of at most `size` items each. */
export function* batches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  if (items.length <= size) {
    if (items.length > 0) yield items;
    return;
  }
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
