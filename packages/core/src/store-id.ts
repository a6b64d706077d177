/** @packageDocumentation The id of a store: what both sides of a subscription know it by. */
import { type EdnMap, fromJs, isKind, keyword, type Uuid } from "@datahike-sync/edn";
import { uuid } from "@datahike-sync/hasch";

/**
 * The id of the store that has this configuration: the hash of what says where its content is, without
 * what says how it is read. The same as konserve-sync's `store-id`, so both sides must have equal
 * configurations; a plain object has keywords as keys, and strings that are keywords in Clojure, such
 * as a backend's name, must be keywords.
 *
 * @throws {TypeError} when `config` is no map and no plain object, or holds what has no EDN form.
 * @throws {SyncError} `CODEC_UNSUPPORTED` when it holds a kind that hasch has no hash for.
 */
export function storeId(config: EdnMap | Readonly<Record<string, unknown>>): Uuid {
  let map = fromJs(config);
  if (!isKind(map, "map")) throw new TypeError("a configuration is a map");
  for (const name of HOW) map = map.without(keyword(name));
  return uuid(map);
}

/** What two sides may have differently and mean the same store. */
const HOW = ["opts", "serializers", "cache", "read-handlers", "write-handlers"] as const;
