/** Values as plain JSON of the same shape: what a reader of JSON would have to read instead. */
import { type Edn, isKind, kindOf, print } from "@datahike-sync/edn";

/** Objects for maps, arrays for lists, sets and tagged values, text for what JSON has not. */
export function toPlain(value: Edn): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Edn) => toPlain(item));
  if (isKind(value, "map")) {
    return Object.fromEntries([...value].map(([key, item]) => [print(key), toPlain(item)]));
  }
  if (isKind(value, "set") || isKind(value, "list") || isKind(value, "rawList")) {
    return [...value].map(toPlain);
  }
  if (isKind(value, "tagged")) return [value.tag, ...value.fields.map(toPlain)];
  if (isKind(value, "extension")) return toPlain(value.toEdn());
  return kindOf(value) === "bytes" ? Array.from(value as Uint8Array) : print(value);
}
