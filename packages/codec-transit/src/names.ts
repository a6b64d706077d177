import type { EdnSymbol, Keyword } from "@datahike-sync/edn";

/**
 * The text of a keyword without its colon, or of a symbol; `undefined` where it reads as another name: it
 * is split at its first slash, if there is something before that.
 */
export function plainName({ namespace, name }: Keyword | EdnSymbol): string | undefined {
  if (namespace === null) return name.indexOf("/") > 0 ? undefined : name;
  return namespace === "" || namespace.includes("/") ? undefined : `${namespace}/${name}`;
}
