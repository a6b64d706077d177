/** Keys and changes as traces have them. */
import { type Encoded, isEncoded } from "@datahike-sync/core";
import { type Edn, isKind, print } from "@datahike-sync/edn";

/** A key in few letters. */
export function keyText(key: Edn): string {
  if (typeof key === "string" && key.startsWith("xx")) return `x${key.length}`;
  return isKind(key, "uuid") ? `n${Number(key.toString().slice(-5))}` : print(key);
}

/** Changes in few letters. */
export function changesText(changes: readonly Changed[]): string {
  return changes
    .map(({ op, key, value }) => {
      if (op === "delete") return `-${keyText(key)}`;
      return isKind(key, "uuid") ? keyText(key) : `${keyText(key)}=${valueText(value)}`;
    })
    .join(" ");
}

interface Changed {
  readonly op: "set" | "delete";
  readonly key: Edn;
  readonly value?: unknown;
}

function valueText(value: unknown): string {
  const known = isEncoded(value as Edn) ? (value as Encoded).decode() : (value as Edn);
  const items: unknown = isKind(known, "set") ? [...known] : known;
  return Array.isArray(items) ? `[${items.map(keyText).join(" ")}]` : print(known);
}
