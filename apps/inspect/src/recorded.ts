/** The states that a database went through, as far as its commits left records of them. */
import {
  isSyncError,
  type Operation,
  type PointerState,
  type ReadableStore,
  SyncError,
  type Walker,
} from "@datahike-sync/core";
import { type Edn, type EdnMap, equals, type Keyword, print, type Uuid } from "@datahike-sync/edn";
import { commitIdOf, isDbRecord, parentsOf } from "@datahike-sync/walker-datahike";

/** What a store's pointers were when a branch was at one of its commits. */
export interface RecordedState {
  /** The commit; absent in very old databases, and where the branch has no database. */
  readonly commitId: Uuid | undefined;
  readonly pointers: readonly PointerState[];
}

/**
 * The state of now and those before it, the oldest first. They end where a commit has no record, or one
 * whose nodes were collected as garbage, and at a merge, before which there is more than one.
 *
 * @param pointers As they are now.
 * @param count How many there are at most.
 */
export async function recordedStates(
  store: ReadableStore,
  walker: Walker,
  pointers: readonly PointerState[],
  { branch, count }: { readonly branch: Keyword; readonly count: number },
): Promise<readonly [RecordedState, ...RecordedState[]]> {
  const head = pointers.find(({ key }) => key === branch)?.value;
  let record = isDbRecord(head) ? head : undefined;
  let states: readonly [RecordedState, ...RecordedState[]] = [
    { commitId: record && commitIdOf(record), pointers },
  ];
  while (record !== undefined && states.length < count) {
    const value = await onlyParent(store, record);
    if (value === undefined) break;
    const then = pointers.map((now) => (now.key === branch ? { key: branch, value } : now));
    if (!(await isWhole(store, walker, then))) break;
    states = [{ commitId: commitIdOf(value), pointers: then }, ...states];
    record = value;
  }
  return states;
}

/**
 * The commit that makes one state, or nothing, a later one: what is reached now and was not before, the
 * record of the commit, and last the pointers. Nodes pass through undecoded.
 */
export async function commitBetween(
  source: ReadableStore,
  walker: Walker,
  from: RecordedState | undefined,
  to: RecordedState,
): Promise<readonly Operation[]> {
  const operations: Operation[] = [];
  const copy = async (keys: readonly Edn[]) => {
    const entries = await source.getMany(keys, { encoded: true });
    for (const [i, entry] of entries.entries()) {
      // Somebody collects garbage while we read.
      if (entry === undefined) throw gone(keys[i] ?? null);
      operations.push({ op: "set", ...entry });
    }
  };
  const before = from?.pointers ?? [];
  let keys: Edn[] = [];
  for await (const { key } of walker.diff(source, before, to.pointers)) {
    if (keys.push(key) < KEYS_PER_READ) continue;
    await copy(keys);
    keys = [];
  }
  if (to.commitId !== undefined && (await source.has(to.commitId))) keys.push(to.commitId);
  await copy(keys);
  for (const { key, value } of to.pointers) {
    const isNew = before.every((one) => one.key !== key || !equals(one.value, value));
    if (isNew) operations.push({ op: "set", key, value });
  }
  return operations;
}

async function onlyParent(store: ReadableStore, record: EdnMap): Promise<EdnMap | undefined> {
  const [parent, ...others] = parentsOf(record);
  if (parent === undefined || others.length > 0) return undefined;
  const value = await store.get(parent);
  return isDbRecord(value) ? value : undefined;
}

async function isWhole(
  store: ReadableStore,
  walker: Walker,
  pointers: readonly PointerState[],
): Promise<boolean> {
  try {
    for await (const _ of walker.diff(store, [], pointers));
    return true;
  } catch (error) {
    if (isSyncError(error, "NODE_MISSING")) return false;
    throw error;
  }
}

/** So many are read side by side. */
const KEYS_PER_READ = 64;

function gone(key: Edn): SyncError {
  return new SyncError("NODE_MISSING", "a node went away while it was read", {
    details: { key: print(key) },
  });
}
