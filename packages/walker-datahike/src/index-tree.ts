import { type DatomOrder, datomOrder, NodePath, toDatom } from "@datahike-sync/btset";
import type { Edn } from "@datahike-sync/edn";
import type { Tree } from "@datahike-sync/walker-pss";
import type { IndexEntry } from "./db-record.ts";

/** The tree of an index. */
export function treeOf({ index, handle, root, path }: IndexEntry): Tree {
  const compare: DatomOrder = datomOrder(index);
  const order = (a: Edn, b: Edn): number => compare(toDatom(a), toDatom(b));
  return { path: new NodePath(handle.address, path), root, order };
}
