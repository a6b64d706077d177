import { NodePath, type NodeSource } from "@datahike-sync/btset";
import type { DiffStep, PointerState } from "@datahike-sync/core";
import { type Edn, identity, type Keyword, keyword } from "@datahike-sync/edn";
import {
  type DiffSide,
  diffTrees,
  onSide,
  presentKeys,
  requirePresent,
  type Tree,
} from "@datahike-sync/walker-pss";
import { type DbRecord, isSet } from "./db-record.ts";
import { treeOf } from "./index-tree.ts";
import { isCommit, readRecords, type WalkScope } from "./records.ts";
import { Schemas } from "./schema.ts";
import { type KeyMap, storeRefs } from "./store-refs.ts";

export interface RecordDiffOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether to yield also what `from` reaches and `to` does not. */
  readonly removed: boolean;
}

/**
 * What the records of the heads `to` reach and those of `from` do not, children before parents; then
 * the reverse if asked for, parents before children.
 *
 * @throws {SyncError} `NODE_MISSING` with `details.path` and `details.side`.
 */
export async function* diffRecords(
  source: NodeSource,
  from: readonly PointerState[],
  to: readonly PointerState[],
  scope: WalkScope,
  { signal, removed }: RecordDiffOptions,
): AsyncGenerator<DiffStep, void, undefined> {
  const before = await collect(source, from, scope, signal);
  const after = await collect(source, to, scope, signal);
  const schemas = new Schemas(source);
  const gone: (readonly Edn[])[] = [];

  if (!sameKeys(blobSources(before), blobSources(after))) {
    const blobsBefore = await blobsOf("from", source, before, schemas, signal);
    const blobsAfter = await blobsOf("to", source, after, schemas, signal);
    yield* added(await presentKeys(source, without(blobsAfter, blobsBefore), signal));
    gone.push(without(blobsBefore, blobsAfter));
  }
  for (const group of groupsOf(before, after)) {
    const trees = await diffTrees(source, group.from, group.to, { signal, removed });
    yield* added(trees.added);
    gone.push(trees.removed);
  }
  for (const named of [schemaPaths, commitPaths]) {
    const [old, now] = [named(before), named(after)];
    const paths = without(now, old);
    await onSide("to", () => requirePresent(source, paths, signal));
    yield* added(paths.map(({ key }) => key));
    gone.push(without(old, now).map(({ key }) => key));
  }
  if (!removed) return;
  for (const key of gone.reverse().flat()) yield { key, change: "removed" };
}

/** Trees that may share nodes with each other, and with none of another group. */
interface TreeGroup {
  readonly from: Tree[];
  readonly to: Tree[];
}

const CRYPTO_HASH: Keyword = keyword("crypto-hash?");

async function collect(
  source: NodeSource,
  pointers: readonly PointerState[],
  scope: WalkScope,
  signal: AbortSignal | undefined,
): Promise<readonly DbRecord[]> {
  const records: DbRecord[] = [];
  for await (const record of readRecords(source, pointers, scope, signal)) records.push(record);
  return records;
}

function* added(keys: readonly Edn[]): Generator<DiffStep> {
  for (const key of keys) yield { key, change: "added" };
}

/** What the blobs of records depend on. */
function blobSources(records: readonly DbRecord[]): ReadonlyMap<string, unknown> {
  const sources = new Map<string, unknown>();
  for (const { indices, schemaKey } of records) {
    if (schemaKey !== undefined) sources.set(identity(schemaKey), schemaKey);
    for (const { index, handle } of indices) {
      if (index === "aevt") sources.set(identity(handle.address), handle);
    }
  }
  return sources;
}

async function blobsOf(
  side: DiffSide,
  source: NodeSource,
  records: readonly DbRecord[],
  schemas: Schemas,
  signal: AbortSignal | undefined,
): Promise<KeyMap> {
  const blobs = new Map<string, Edn>();
  for (const record of records) {
    const named = await onSide(side, () => storeRefs(source, record, schemas, signal));
    for (const [id, key] of named) blobs.set(id, key);
  }
  return blobs;
}

/**
 * Each node has an address of its own, and is in the current or the temporal index of one order, of
 * any branch. Only addresses made of content may be the same for two orders.
 */
function groupsOf(before: readonly DbRecord[], after: readonly DbRecord[]): Iterable<TreeGroup> {
  const byContent = [...before, ...after].some(({ fields }) => isSet(fields, CRYPTO_HASH));
  const groups = new Map<string, TreeGroup>();
  for (const [side, records] of [["from", before] as const, ["to", after] as const]) {
    for (const entry of records.flatMap(({ indices }) => indices)) {
      const name = byContent ? "all" : entry.index;
      const group = groups.get(name) ?? { from: [], to: [] };
      groups.set(name, group);
      group[side].push(treeOf(entry));
    }
  }
  return groups.values();
}

function schemaPaths(records: readonly DbRecord[]): ReadonlyMap<string, NodePath> {
  const paths = new Map<string, NodePath>();
  for (const { schemaKey, path } of records) {
    if (schemaKey !== undefined) paths.set(identity(schemaKey), new NodePath(schemaKey, path));
  }
  return paths;
}

function commitPaths(records: readonly DbRecord[]): ReadonlyMap<string, NodePath> {
  const commits = records.filter(isCommit);
  return new Map(commits.map(({ path }) => [identity(path.key), path]));
}

function without<T>(
  these: ReadonlyMap<string, T>,
  those: ReadonlyMap<string, unknown>,
): readonly T[] {
  return [...these].filter(([id]) => !those.has(id)).map(([, value]) => value);
}

function sameKeys(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}
