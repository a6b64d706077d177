/** The record of a database: what a branch's head holds, and what each of its commits was. */
import { type IndexType, NodePath, RootHandle, toNode } from "@datahike-sync/btset";
import {
  type Edn,
  type EdnMap,
  type EdnSet,
  type Keyword,
  keyword,
  kindOf,
  SyncError,
  type Uuid,
} from "@datahike-sync/edn";

/** A database record that was looked into. */
export interface DbRecord {
  /** Where it was found, its own key last. */
  readonly path: NodePath;
  readonly fields: EdnMap;
  /** The current indices, then the temporal ones if there are any. */
  readonly indices: readonly IndexEntry[];
  /** Absent in old databases, whose records hold their schema themselves. */
  readonly schemaKey: Edn | undefined;
}

/** One index of a record. */
export interface IndexEntry {
  readonly index: IndexType;
  readonly temporal: boolean;
  readonly handle: RootHandle;
  /** The root node, where the record holds it beside its handle. */
  readonly root: Edn | undefined;
  /** Where its handle was found. */
  readonly path: NodePath;
}

/** Whether a value is a database record: a map with all of the fields that every version writes. */
export function isDbRecord(value: Edn | undefined): value is EdnMap {
  return kindOf(value) === "map" && REQUIRED.every((field) => (value as EdnMap).has(field));
}

/**
 * Looks into a database record.
 *
 * @throws {SyncError} `CODEC_INVALID` when it is none, `CODEC_UNSUPPORTED` when its indices are no
 * persistent sorted sets.
 */
export function toDbRecord(value: Edn, path: NodePath): DbRecord {
  if (!isDbRecord(value)) {
    throw new SyncError("CODEC_INVALID", `${kindOf(value)} instead of a database record`, {
      details: { path: path.toSteps() },
    });
  }
  return { path, fields: value, indices: indicesOf(value, path), schemaKey: schemaKeyOf(value) };
}

/**
 * The indices of a record, current ones first.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` when one is no persistent sorted set.
 */
export function indicesOf(record: EdnMap, path?: NodePath): readonly IndexEntry[] {
  return INDICES.flatMap((names) => indexEntry(record, names, path) ?? []);
}

/** The key of a record's schema. */
export function schemaKeyOf(record: EdnMap): Edn | undefined {
  return record.get(SCHEMA_META_KEY) ?? undefined;
}

/** The commit that a record is of; absent in records of very old databases. */
export function commitIdOf(record: EdnMap): Uuid | undefined {
  const id = metaOf(record)?.get(COMMIT_ID);
  return kindOf(id) === "uuid" ? (id as Uuid) : undefined;
}

/** The commits before a record, in the order of their ids. */
export function parentsOf(record: EdnMap): readonly Uuid[] {
  const parents = metaOf(record)?.get(PARENTS);
  if (kindOf(parents) !== "set") return [];
  const ids = [...(parents as EdnSet)].filter((id) => kindOf(id) === "uuid") as Uuid[];
  return ids.sort((a, b) => (a.identity < b.identity ? -1 : 1));
}

/** Whether a setting of the database, found under these keys, is true. */
export function isSet(record: EdnMap, ...keys: readonly Keyword[]): boolean {
  let value: Edn | undefined = record.get(CONFIG);
  for (const key of keys) {
    value = kindOf(value) === "map" ? (value as EdnMap).get(key) : undefined;
  }
  return value === true;
}

const CONFIG: Keyword = keyword("config");
const META: Keyword = keyword("meta");
const SCHEMA_META_KEY: Keyword = keyword("schema-meta-key");
const COMMIT_ID: Keyword = keyword("datahike/commit-id");
const PARENTS: Keyword = keyword("datahike/parents");

interface IndexNames {
  readonly index: IndexType;
  readonly temporal: boolean;
  readonly handle: Keyword;
  readonly root: Keyword;
}

const INDICES: readonly IndexNames[] = ["", "temporal-"].flatMap((prefix) =>
  (["eavt", "aevt", "avet"] as const).map((index) => ({
    index,
    temporal: prefix !== "",
    handle: keyword(`${prefix}${index}-key`),
    root: keyword(`${prefix}${index}-root`),
  })),
);

const REQUIRED: readonly Keyword[] = [
  "eavt-key",
  "aevt-key",
  "avet-key",
  "config",
  "max-tx",
  "max-eid",
  "op-count",
  "hash",
  "meta",
].map((name) => keyword(name));

function metaOf(record: EdnMap): EdnMap | undefined {
  const meta = record.get(META);
  return kindOf(meta) === "map" ? (meta as EdnMap) : undefined;
}

function indexEntry(
  record: EdnMap,
  { index, temporal, handle: name, root }: IndexNames,
  parent: NodePath | undefined,
): IndexEntry | undefined {
  const value = record.get(name) ?? null;
  if (value === null) return undefined;
  const path = new NodePath(name, parent);
  const handle = toNode(value);
  if (!(handle instanceof RootHandle)) {
    throw new SyncError("CODEC_UNSUPPORTED", "an index that is no persistent sorted set", {
      details: { path: path.toSteps(), kind: kindOf(value) },
    });
  }
  return {
    index,
    temporal,
    handle,
    root: record.get(root) ?? undefined,
    path,
  };
}
