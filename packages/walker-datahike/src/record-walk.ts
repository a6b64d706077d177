import { NodePath, type NodeSource } from "@datahike-sync/btset";
import type { PointerState } from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import { presentKeys, requirePresent, TreeWalk } from "@datahike-sync/walker-pss";
import { treeOf } from "./index-tree.ts";
import { isCommit, readRecords, type WalkScope } from "./records.ts";
import { Schemas } from "./schema.ts";
import { storeRefs } from "./store-refs.ts";

/**
 * Every key that the records of these heads reach, some at a time, each once: of each record the
 * blobs that its values name, its index nodes, its schema, and itself where it is a commit's.
 *
 * @throws {SyncError} `NODE_MISSING` with `details.path` when a node is not there.
 */
export async function* walkRecords(
  source: NodeSource,
  heads: readonly PointerState[],
  scope: WalkScope,
  signal?: AbortSignal,
): AsyncGenerator<readonly Edn[], void, undefined> {
  const trees = new TreeWalk(source, { signal });
  const schemas = new Schemas(source);
  const given = new Set<string>();
  const isNew = (key: Edn): boolean => given.size < given.add(identity(key)).size;
  for await (const record of readRecords(source, heads, scope, signal)) {
    const blobs = await storeRefs(source, record, schemas, signal);
    // A blob may be kept elsewhere: its key says what it is, not where.
    yield await presentKeys(source, [...blobs.values()].filter(isNew), signal);
    for (const index of record.indices) yield* trees.walk(treeOf(index));
    const { schemaKey, path } = record;
    if (schemaKey !== undefined && isNew(schemaKey)) {
      await requirePresent(source, [new NodePath(schemaKey, path)], signal);
      yield [schemaKey];
    }
    if (isCommit(record)) yield [path.key];
  }
}
