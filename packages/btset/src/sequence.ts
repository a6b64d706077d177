import { type Edn, type EdnList, kindOf, type RawList } from "@datahike-sync/edn";

/** The items of a vector, list or raw list; `undefined` for anything else. Not a copy. */
export function itemsOf(value: Edn | undefined): readonly Edn[] | undefined {
  const kind = kindOf(value);
  if (kind === "vector") return value as readonly Edn[];
  return kind === "list" || kind === "rawList" ? (value as EdnList | RawList).items : undefined;
}
