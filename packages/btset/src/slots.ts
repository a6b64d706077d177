/**
 * Slots: changes that a branch holds for its children instead of writing them. They are projected
 * downwards while reading; below a projected branch its own slots do not count.
 */
import { type EdnMap, type Keyword, keyword, kindOf, SyncError } from "@datahike-sync/edn";
import { type Datom, toDatom, toDatoms } from "./datom.ts";
import type { DatomOrder } from "./datom-order.ts";
import type { Branch, Leaf } from "./node.ts";
import { itemsOf } from "./sequence.ts";

/** A branch as it reads with its changes. */
export interface ProjectedBranch {
  readonly branch: Branch;
  /** The largest datom below each child, changes included. */
  readonly separators: readonly Datom[];
  /** What is changed below a child: for a leaf what is present and absent, else slots of its own. */
  readonly diffs: ReadonlyMap<number, EdnMap>;
}

/**
 * A branch with the slots that its parent projects onto it, which replace its own, or with its own.
 *
 * @throws {SyncError} `CODEC_INVALID` when they are malformed.
 */
export function projectBranch(branch: Branch, projected: EdnMap | undefined): ProjectedBranch {
  const keys = toDatoms(branch.keys);
  const slots = projected ?? branch.slots;
  if (slots === undefined) return { branch, separators: keys, diffs: NO_DIFFS };
  const separators = [...keys];
  const diffs = new Map<number, EdnMap>();
  for (const [child, value] of slots) {
    if (typeof child !== "number" || separators[child] === undefined) {
      throw invalidSlots("a slot of no child");
    }
    if (kindOf(value) !== "map") throw invalidSlots(`a slot of kind ${kindOf(value)}`);
    const slot = value as EdnMap;
    const diff = slot.get(DIFF);
    if (kindOf(diff) !== "map") throw invalidSlots(`changes of kind ${kindOf(diff)}`);
    separators[child] = toDatom(slot.get(MAX_KEY) ?? null);
    diffs.set(child, diff as EdnMap);
  }
  return { branch, separators, diffs };
}

/**
 * The datoms of a leaf with the changes that its parent holds for it: without those that compare
 * equal to an absent one, and with those present, in order.
 *
 * @throws {SyncError} `CODEC_INVALID` when the changes are malformed.
 */
export function projectLeaf(
  leaf: Leaf,
  diff: EdnMap | undefined,
  order: DatomOrder,
): readonly Datom[] {
  const keys = toDatoms(leaf.keys);
  if (diff === undefined) return keys;
  const present = datomsOf(diff, PRESENT).toSorted(order);
  const absent = datomsOf(diff, ABSENT).toSorted(order);
  const changed: Datom[] = [];
  let [nextPresent, nextAbsent] = [0, 0];
  for (const key of keys) {
    for (let datom = present[nextPresent]; datom !== undefined; datom = present[++nextPresent]) {
      if (order(datom, key) > 0) break;
      changed.push(datom);
    }
    while (isBefore(absent[nextAbsent], key, order)) nextAbsent++;
    if (isSame(absent[nextAbsent], key, order) || isSame(changed.at(-1), key, order)) continue;
    changed.push(key);
  }
  changed.push(...present.slice(nextPresent));
  return changed;
}

const NO_DIFFS: ReadonlyMap<number, EdnMap> = new Map();
const MAX_KEY: Keyword = keyword("max-key");
const DIFF: Keyword = keyword("diff");
const PRESENT: Keyword = keyword("present");
const ABSENT: Keyword = keyword("absent");

function datomsOf(diff: EdnMap, name: Keyword): readonly Datom[] {
  const value = diff.get(name) ?? null;
  const items = value === null ? [] : itemsOf(value);
  if (items === undefined) throw invalidSlots(`${name.name} of kind ${kindOf(value)}`);
  return toDatoms(items);
}

function isBefore(datom: Datom | undefined, key: Datom, order: DatomOrder): boolean {
  return datom !== undefined && order(datom, key) < 0;
}

function isSame(datom: Datom | undefined, key: Datom, order: DatomOrder): boolean {
  return datom !== undefined && order(datom, key) === 0;
}

function invalidSlots(problem: string): SyncError {
  return new SyncError("CODEC_INVALID", `malformed slots of an index node: ${problem}`);
}
