/** The last commits of a bundled database that Datahike wrote, to be made once more. */
import type {
  Operation,
  PointerState,
  ReadableStore,
  SetOperation,
  Walker,
} from "@datahike-sync/core";
import { type Edn, equals, type Uuid } from "@datahike-sync/edn";
import { unpackStore } from "@datahike-sync/fixtures";
import { FileStore } from "@datahike-sync/store-file";
import { commitIdOf, datahikeWalker, isDbRecord, parentsOf } from "@datahike-sync/walker-datahike";
import { BRANCH, databaseCodec } from "../agreement.ts";

export interface RecordedCommit {
  readonly id: Uuid;
  /**
   * What makes it of the commit before it; of the first, everything. New nodes come first, then the
   * commit's record, last the pointers that it moved.
   */
  readonly operations: readonly Operation[];
}

/**
 * The oldest first, values undecoded. They begin at the first that has items: before it there is only a
 * schema.
 */
export async function recordedCommits(): Promise<RecordedCommit[]> {
  const [codec, walker] = [databaseCodec(), datahikeWalker()];
  await using folder = await unpackStore("datahike-0.8/medium");
  await using store = await FileStore.open({ path: folder.path, codec, readOnly: true });
  const commits: RecordedCommit[] = [];
  let before: readonly PointerState[] = [];
  for (const now of await history(store, walker)) {
    commits.push(await commitBetween(store, walker, before, now));
    before = now;
  }
  return commits;
}

const COMMITS = 9;

/** The pointers as they were after each of the last commits: a record names the commit before its own. */
async function history(
  store: ReadableStore,
  walker: Walker,
): Promise<readonly (readonly PointerState[])[]> {
  let now: readonly PointerState[] = [];
  for await (const step of walker.walk(store)) if (step.class === "pointer") now = [...now, step];
  const states = [now];
  while (states.length < COMMITS) {
    const head = now.find(({ key }) => key === BRANCH)?.value;
    const [parent = null] = isDbRecord(head) ? parentsOf(head) : [];
    const value = await store.get(parent);
    if (!isDbRecord(value)) throw new Error("the bundled database has fewer commits");
    now = now.map((pointer) => (pointer.key === BRANCH ? { key: BRANCH, value } : pointer));
    states.unshift(now);
  }
  return states;
}

async function commitBetween(
  store: ReadableStore,
  walker: Walker,
  before: readonly PointerState[],
  now: readonly PointerState[],
): Promise<RecordedCommit> {
  const head = now.find(({ key }) => key === BRANCH)?.value;
  const id = isDbRecord(head) ? commitIdOf(head) : undefined;
  if (id === undefined) throw new Error("the bundled database has a commit without an id");
  const keys: Edn[] = [];
  for await (const { key } of walker.diff(store, before, now)) keys.push(key);
  const operations: Operation[] = [];
  // With its record the commit can be found again: a replica that was away says where it stood by its id.
  for (const entry of await store.getMany([...keys, id], { encoded: true })) {
    if (entry === undefined) throw new Error("the bundled database has not all of its commits");
    operations.push({ op: "set", ...entry });
  }
  operations.push(...movedPointers(before, now));
  return { id, operations };
}

function movedPointers(
  before: readonly PointerState[],
  now: readonly PointerState[],
): readonly SetOperation[] {
  const moved = now.filter(({ key, value }) =>
    before.every((one) => one.key !== key || !equals(one.value, value)),
  );
  return moved.map(({ key, value }) => ({ op: "set", key, value }));
}
