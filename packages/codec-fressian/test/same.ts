import { type Edn, identity, isKind } from "@datahike-sync/edn";

/** Whether two values are equal, found without the identities of large ones, which take long. */
export function isSame(a: Edn, b: Edn): boolean {
  const [items, others] = [itemsOf(a), itemsOf(b)];
  if (items !== undefined && others !== undefined) {
    return (
      items.length === others.length && items.every((item, i) => isSame(item, others[i] ?? null))
    );
  }
  if (isKind(a, "map") && isKind(b, "map")) {
    if (a.size !== b.size) return false;
    for (const [key, value] of a)
      if (!b.has(key) || !isSame(value, b.get(key) ?? null)) return false;
    return true;
  }
  if (isKind(a, "tagged") && isKind(b, "tagged")) {
    return a.tag === b.tag && isSame(a.fields, b.fields);
  }
  return identity(a) === identity(b);
}

function itemsOf(value: Edn): readonly Edn[] | undefined {
  if (Array.isArray(value)) return value as readonly Edn[];
  return isKind(value, "list") || isKind(value, "rawList") ? value.items : undefined;
}
