/** What the stores of a world hold: values that name others, and where they are kept. */
import { type Edn, identity, isKind, type Keyword, keyword } from "@datahike-sync/edn";

/** A value before it is spelled as EDN. */
export interface Content {
  /** Counts all that were ever made, so that no two are alike. */
  readonly version: number;
  /** Keys of the nodes that it reaches. */
  readonly kids: readonly string[];
  /** Of a pointer: the key of a node with the same content, by which it can be found again. */
  readonly record?: string | undefined;
  /** Who may see it: those whose level is at least this. */
  readonly level?: number | undefined;
  /** Of a pointer: whether its store gives used keys to other nodes. */
  readonly recycles?: boolean | undefined;
  /** Bytes that it has for nothing. */
  readonly padding?: number | undefined;
  /** Of the pointer that names the others: their names. */
  readonly names?: readonly string[] | undefined;
}

/** Names all other pointers of a store with a walker. */
export const BRANCHES: Keyword = keyword("branches");

export function toValue(content: Content): Edn {
  const { version, kids, record = null, level = 0, recycles = false, padding = 0 } = content;
  return [version, kids, record, level, recycles, "x".repeat(padding), content.names ?? null];
}

/** The content of such a value; of any other, nothing. */
export function toContent(value: Edn): Content {
  if (!(Array.isArray(value) && value.length === 7 && Array.isArray(value[1]))) return NOTHING;
  const [version, kids, record, level, recycles, padding, names] = value as readonly Edn[];
  return {
    version: version as number,
    kids: kids as readonly string[],
    record: (record as string | null) ?? undefined,
    level: level as number,
    recycles: recycles as boolean,
    padding: (padding as string).length,
    names: (names as readonly string[] | null) ?? undefined,
  };
}

const NOTHING: Content = { version: 0, kids: [] };

/** A key in few letters. */
export function keyText(key: Edn): string {
  if (typeof key === "string") return key;
  return isKind(key, "keyword") ? `:${key.name}` : identity(key);
}

/** Nodes, by their keys: `n` those of trees, `r` those by which a pointer's value is found again. */
export function isNodeKey(key: Edn): boolean {
  return typeof key === "string" && (key.startsWith("n") || key.startsWith("r"));
}

/** A value's content, without what it reaches. */
export function contentText({ version, kids, level = 0, padding = 0 }: Content): string {
  return `${version}/${level}/${padding}[${kids.join(" ")}]`;
}
