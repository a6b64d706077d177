/** The pointers of a Datahike store: the heads of its branches, and the set that names them. */
import { missingNode, NodePath } from "@datahike-sync/btset";
import type { PointerState, PointerStep, ReadableStore } from "@datahike-sync/core";
import {
  type Edn,
  type EdnSet,
  type Keyword,
  keyword,
  kindOf,
  SyncError,
} from "@datahike-sync/edn";

/** The key of the set of branches. */
export const BRANCHES: Keyword = keyword("branches");

/** The pointers of a store, each read once. */
export interface Pointers {
  /** In the order of the branches' names. */
  readonly heads: readonly PointerStep[];
  /** Absent in a store without databases, and in very old ones, which have one branch. */
  readonly branches: PointerStep | undefined;
}

/**
 * The keys of all pointers, as far as these tell: the heads of the branches that the set names, all or
 * those chosen, and the set itself. Where it is not among them, it is not read yet or not there: then
 * the one branch of a store without it is a head.
 *
 * @throws {SyncError} `CODEC_INVALID` when the branches are no set of keywords.
 */
export function pointerKeys(
  known: readonly PointerState[],
  chosen: readonly Keyword[] | undefined,
): readonly Keyword[] {
  const branches = known.find(({ key }) => key === BRANCHES);
  return [...headKeys(branches, chosen), BRANCHES];
}

/**
 * Reads the pointers of all branches or of those chosen, as far as the store has them. The heads are
 * read as one.
 *
 * @throws {SyncError} `NODE_MISSING` when a branch has no head and still is one, `CODEC_INVALID` when
 * the branches are no set of keywords.
 */
export async function readPointers(
  store: ReadableStore,
  chosen: readonly Keyword[] | undefined,
  signal: AbortSignal | undefined,
): Promise<Pointers> {
  const branches = await readBranches(store, signal);
  const names = headKeys(branches, chosen);
  const heads = await readSteps(store, names, signal);
  const gone = names.filter((name) => heads.every(({ key }) => key !== name));
  if (branches !== undefined && gone.length > 0) await requireDeleted(store, gone, signal);
  return { heads, branches };
}

/** The branches that a value names, if it is a set of them. */
export function branchNames(value: Edn): readonly Keyword[] | undefined {
  if (kindOf(value) !== "set") return undefined;
  const names = [...(value as EdnSet)];
  return names.every(isKeyword) ? names : undefined;
}

/** The branch that every database begins with. */
const TRUNK: Keyword = keyword("db");

function headKeys(
  branches: PointerState | undefined,
  chosen: readonly Keyword[] | undefined,
): readonly Keyword[] {
  const names = branches === undefined ? [TRUNK] : namesOf(branches);
  return names
    .filter((name) => name !== BRANCHES && (chosen?.includes(name) ?? true))
    .toSorted(byIdentity);
}

async function readBranches(
  store: ReadableStore,
  signal: AbortSignal | undefined,
): Promise<PointerStep | undefined> {
  signal?.throwIfAborted();
  const [branches] = await readSteps(store, [BRANCHES], signal);
  return branches;
}

/** The pointers of these keys that are there: their values read as one, their metadata after it. */
async function readSteps(
  store: ReadableStore,
  keys: readonly Keyword[],
  signal: AbortSignal | undefined,
): Promise<PointerStep[]> {
  const values = await store.getMany(keys, { signal });
  const steps: PointerStep[] = [];
  for (const [i, key] of keys.entries()) {
    const value = values[i];
    const meta = value === undefined ? undefined : await store.getMeta(key, { signal });
    if (value !== undefined && meta !== undefined) {
      steps.push({ class: "pointer", key, value, meta });
    }
  }
  return steps;
}

/** A branch that was deleted since its name was read is none; one that still is has lost its head. */
async function requireDeleted(
  store: ReadableStore,
  gone: readonly Keyword[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const branches = await readBranches(store, signal);
  const names = branches === undefined ? [] : namesOf(branches);
  const headless = gone.find((name) => names.includes(name));
  if (headless !== undefined) throw missingNode(new NodePath(headless, new NodePath(BRANCHES)));
}

function namesOf({ key, value }: PointerState): readonly Keyword[] {
  const names = branchNames(value);
  if (names === undefined) {
    throw new SyncError("CODEC_INVALID", "branches that are no set of keywords", {
      details: { path: new NodePath(key).toSteps(), kind: kindOf(value) },
    });
  }
  return names;
}

function isKeyword(value: Edn): value is Keyword {
  return kindOf(value) === "keyword";
}

function byIdentity(a: Keyword, b: Keyword): number {
  return a.identity < b.identity ? -1 : 1;
}
