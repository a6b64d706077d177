/** What items and publications of a store's topic say, and how it is written. */
import { type Edn, EdnMap, isKind, type Keyword, keyword, SyncError } from "@datahike-sync/edn";

/** One entry that was set or deleted. */
export type StoreChange =
  | {
      readonly op: "set";
      readonly key: Edn;
      readonly value: Edn;
      /** Whether the server keeps this key as one that never gets another value. */
      readonly immutable: boolean;
    }
  | { readonly op: "delete"; readonly key: Edn };

/** @throws {SyncError} `PROTOCOL_VIOLATION` for what is no item of a store. */
export function readItem(item: Edn): StoreChange {
  if (!isKind(item, "map")) throw malformed("item");
  return setOf(item);
}

/** The item of an entry. */
export function itemOf(key: Edn, value: Edn, immutable: boolean): EdnMap {
  return new EdnMap([...metaOf(immutable), [KEY, key], [VALUE, value]]);
}

/**
 * What a publication says, in order; several where the server committed several keys as one.
 *
 * @throws {SyncError} `PROTOCOL_VIOLATION` for what is no change of a store.
 */
export function readChanges(payload: Edn): readonly StoreChange[] {
  if (!isKind(payload, "map")) throw malformed("payload");
  const pairs = payload.get(KVS);
  if (pairs !== undefined) return pairsOf(pairs);
  if (payload.get(OPERATION) !== DISSOC) return [setOf(payload)];
  return [{ op: "delete", key: keyOf(payload) }];
}

/** The payload of one change. */
export function payloadOf(change: StoreChange): EdnMap {
  const { key } = change;
  if (change.op === "delete")
    return new EdnMap([
      [KEY, key],
      [OPERATION, DISSOC],
    ]);
  return new EdnMap([
    [KEY, key],
    [VALUE, change.value],
    [OPERATION, ASSOC],
    ...metaOf(change.immutable),
  ]);
}

/** The payload of several keys that were set as one, as {@link readChanges} takes it. */
export function payloadOfPairs(pairs: Edn): EdnMap {
  return new EdnMap([[KVS, pairs]]);
}

export const KEY: Keyword = keyword("key");
export const VALUE: Keyword = keyword("value");
export const KVS: Keyword = keyword("kvs");
export const OPERATION: Keyword = keyword("operation");
export const ASSOC: Keyword = keyword("assoc");
export const DISSOC: Keyword = keyword("dissoc");
const META: Keyword = keyword("meta");
const IMMUTABLE: Keyword = keyword("immutable?");

function setOf(map: EdnMap): StoreChange {
  const meta = map.get(META);
  const immutable = isKind(meta, "map") && meta.get(IMMUTABLE) === true;
  return { op: "set", key: keyOf(map), value: map.get(VALUE) ?? null, immutable };
}

/** Neither generation has a key `nil`. */
function keyOf(map: EdnMap): Edn {
  const key = map.get(KEY) ?? null;
  if (key === null) throw malformed("key");
  return key;
}

/** A map, or pairs in the order in which the server wrote them. */
function pairsOf(pairs: Edn): readonly StoreChange[] {
  const entries = isKind(pairs, "map") ? [...pairs] : itemsOf(pairs).map(itemsOf);
  return entries.map(([key = null, value = null]) => {
    if (key === null) throw malformed("kvs");
    return { op: "set", key, value, immutable: false };
  });
}

function itemsOf(value: Edn): readonly Edn[] {
  if (isVector(value)) return value;
  if (isKind(value, "list") || isKind(value, "rawList")) return value.items;
  throw malformed("kvs");
}

// `Array.isArray` forgets what is in a readonly array.
function isVector(value: Edn): value is readonly Edn[] {
  return Array.isArray(value);
}

function metaOf(immutable: boolean): [Edn, Edn][] {
  return immutable ? [[META, new EdnMap([[IMMUTABLE, true]])]] : [];
}

function malformed(field: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", "what is no change of a store", {
    details: { field },
  });
}
