/** Small Datahike databases made by hand. */
import {
  Branch,
  type Datom,
  datomOrder,
  type IndexType,
  Leaf,
  RootHandle,
} from "@datahike-sync/btset";
import type { PointerState, Store } from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  EdnSet,
  keyword,
  randomUuid,
  Tagged,
  type Uuid,
} from "@datahike-sync/edn";

export interface DatabaseSpec {
  readonly datoms: readonly Datom[];
  readonly temporal?: readonly Datom[];
  /** Attributes by ident, each with its properties. */
  readonly schema?: EdnMap;
  /** Ident to entity id, where attributes are numbers. */
  readonly refs?: EdnMap;
  readonly config?: EdnMap;
  readonly parents?: readonly Uuid[];
  /** Roots in the record instead of in entries of their own. */
  readonly fused?: boolean;
  /** The schema in the record, as old databases have it. */
  readonly inlineSchema?: boolean;
  /** Default a new one; `null` for none. */
  readonly commitId?: Uuid | null;
}

/** Writes a database as the head of a branch, with a record of its commit. */
export async function writeDatabase(
  store: Store,
  branch: string,
  spec: DatabaseSpec,
): Promise<PointerState> {
  const { commitId = randomUuid() } = spec;
  const schema = mapOf({
    schema: spec.schema ?? new EdnMap(),
    "ident-ref-map": spec.refs ?? new EdnMap(),
  });
  const fields: Record<string, Edn> = {
    config: spec.config ?? new EdnMap(),
    "max-tx": 536870913,
    "max-eid": 1,
    "op-count": 1,
    hash: 0,
    meta: mapOf({
      ...(commitId === null ? {} : { "datahike/commit-id": commitId }),
      "datahike/parents": new EdnSet(spec.parents ?? []),
    }),
  };
  for (const index of ["eavt", "aevt", "avet"] as const) {
    Object.assign(fields, await writeIndex(store, "", index, spec.datoms, spec));
    if (spec.temporal !== undefined) {
      Object.assign(fields, await writeIndex(store, "temporal-", index, spec.temporal, spec));
    }
  }
  if (spec.inlineSchema === true) {
    for (const name of ["schema", "ident-ref-map"])
      fields[name] = schema.get(keyword(name)) ?? null;
  } else {
    const key = randomUuid();
    await store.set(key, schema);
    fields["schema-meta-key"] = key;
  }
  const value = mapOf(fields);
  if (commitId !== null) await store.set(commitId, value);
  await store.set(keyword(branch), value);
  return { key: keyword(branch), value };
}

export async function writeBranches(store: Store, ...names: readonly string[]): Promise<void> {
  await store.set(keyword("branches"), new EdnSet(names.map((name) => keyword(name))));
}

export function mapOf(fields: Readonly<Record<string, Edn>>): EdnMap {
  return new EdnMap(Object.entries(fields).map(([name, value]) => [keyword(name), value]));
}

/** Two datoms a leaf, and one branch over them. */
async function writeIndex(
  store: Store,
  prefix: string,
  index: IndexType,
  datoms: readonly Datom[],
  { fused = false }: DatabaseSpec,
): Promise<Record<string, Edn>> {
  const keys = datoms.toSorted(datomOrder(index));
  const addresses: Uuid[] = [];
  const separators: Datom[] = [];
  for (let start = 0; start < keys.length; start += 2) {
    const part = keys.slice(start, start + 2);
    const address = randomUuid();
    await store.set(address, new Leaf(new Tagged("pss/leaf", [mapOf({ keys: part })])));
    addresses.push(address);
    separators.push(...part.slice(-1));
  }
  const root =
    addresses.length === 0
      ? new Leaf(new Tagged("pss/leaf", [mapOf({ keys: [] })]))
      : new Branch(new Tagged("pss/branch", [mapOf({ level: 1, keys: separators, addresses })]));
  const address = randomUuid();
  if (!fused) await store.set(address, root);
  const meta = mapOf({ "index-type": keyword(index) });
  const handle = new RootHandle(
    new Tagged("pss/set", [mapOf({ meta, address, count: datoms.length })]),
  );
  const name = `${prefix}${index}`;
  return fused ? { [`${name}-key`]: handle, [`${name}-root`]: root } : { [`${name}-key`]: handle };
}
