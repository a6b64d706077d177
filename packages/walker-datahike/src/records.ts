import { NodePath, type NodeSource } from "@datahike-sync/btset";
import type { PointerState } from "@datahike-sync/core";
import { identity, type Uuid } from "@datahike-sync/edn";
import { commitIdOf, type DbRecord, parentsOf, toDbRecord } from "./db-record.ts";
import { BRANCHES } from "./pointers.ts";

/** What of a database is walked. */
export interface WalkScope {
  /** Whether temporal indices are. */
  readonly history: boolean;
  /** How many commits of each branch are. */
  readonly commits: number;
}

/**
 * The records that heads and their commits hold: each head, then its commits from the newest on,
 * none of them twice. A line of commits ends where one is not there: Datahike's garbage collector
 * leaves newer records that name it.
 *
 * @throws {SyncError} As {@link toDbRecord}.
 */
export async function* readRecords(
  source: NodeSource,
  pointers: readonly PointerState[],
  scope: WalkScope,
  signal?: AbortSignal,
): AsyncGenerator<DbRecord, void, undefined> {
  const given = new Set<string>();
  for (const { key, value } of pointers) {
    if (key === BRANCHES) continue;
    const head = within(toDbRecord(value, new NodePath(key)), scope);
    yield head;
    const ids = [commitIdOf(head.fields)];
    const queued = new Set<string>();
    for (let count = 0; count < scope.commits && ids.length > 0; ) {
      const commit = await readCommit(source, ids.shift(), head.path, signal);
      if (commit === undefined) continue;
      count++;
      for (const id of parentsOf(commit.fields)) {
        if (queued.has(id.identity)) continue;
        queued.add(id.identity);
        ids.push(id);
      }
      const id = identity(commit.path.key);
      if (given.has(id)) continue;
      given.add(id);
      yield within(commit, scope);
    }
  }
}

/** Whether a record was read from the entry of a commit, not from a head. */
export function isCommit({ path }: DbRecord): boolean {
  return path.parent !== undefined;
}

async function readCommit(
  source: NodeSource,
  id: Uuid | undefined,
  head: NodePath,
  signal: AbortSignal | undefined,
): Promise<DbRecord | undefined> {
  if (id === undefined) return undefined;
  signal?.throwIfAborted();
  const value = await source.get(id, { signal });
  return value === undefined ? undefined : toDbRecord(value, new NodePath(id, head));
}

function within(record: DbRecord, { history }: WalkScope): DbRecord {
  if (history) return record;
  return { ...record, indices: record.indices.filter(({ temporal }) => !temporal) };
}
