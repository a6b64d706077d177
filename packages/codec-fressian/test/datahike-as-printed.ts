import type { TagReaders } from "@datahike-sync/core";
import { type Edn, EdnMap, keyword, tagged } from "@datahike-sync/edn";

/** Handlers that read Datahike's structs as what Datahike 0.8 prints for them. */
export const datahikeAsPrinted: TagReaders = {
  "datahike.datom.Datom": (fields) => tagged("datahike/Datom", ...fields),
  "datahike.index.PersistentSortedSet": (fields) => tagged("pss/set", withBranching(fields)),
  "datahike.index.PersistentSortedSet.Leaf": (fields) =>
    tagged("pss/leaf", withBranching(fields).without(keyword("level"))),
  "datahike.index.PersistentSortedSet.Branch": (fields) =>
    tagged("pss/branch", withBranching(fields).with(keyword("subtree-count"), null)),
};

/** The old structs did not say what every node had. */
function withBranching([fields]: readonly Edn[]): EdnMap {
  if (!(fields instanceof EdnMap)) throw new TypeError("not a map");
  return fields.with(keyword("branching-factor"), 512);
}
