/** The columns of the table: an attribute each, and how its values are written for people. */
import { type Edn, isKind, print } from "@datahike-sync/edn";
import type { Entity } from "./database.ts";
import { number } from "./text.ts";

export interface Column {
  readonly label: string;
  readonly attribute: string;
  /** Whether its values stand below each other by their last digit. */
  readonly isNumber?: boolean;
}

export const COLUMNS: readonly Column[] = [
  { label: "Item", attribute: ":item/id" },
  { label: "Note", attribute: ":item/note" },
  { label: "Text", attribute: ":v/string" },
  { label: "Number", attribute: ":v/long", isNumber: true },
  { label: "Status", attribute: ":item/status" },
  { label: "Flag", attribute: ":v/boolean" },
  { label: "Tags", attribute: ":item/tags" },
  { label: "Links to", attribute: ":item/link", isNumber: true },
  { label: "Since", attribute: ":v/instant" },
];

/** The attribute whose values are entities that stand for a constant. */
export const ENUMERATION = ":item/status";

/**
 * The cells of an entity. An attribute that it does not have is an empty one.
 *
 * @param names Of the constants.
 */
export function cellsOf({ values }: Entity, names: ReadonlyMap<Edn, string>): string[] {
  return COLUMNS.map(({ attribute }) => {
    const own = values.get(attribute) ?? [];
    const write = (value: Edn) =>
      (attribute === ENUMERATION ? names.get(value) : undefined) ?? textOf(value);
    return own.map(write).join(", ");
  });
}

function textOf(value: Edn): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value === "number") return number(value);
  if (isKind(value, "keyword")) return String(value).slice(1);
  return print(value);
}
