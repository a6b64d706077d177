/** The app's findings, for people and for programs. */
import { type Edn, print } from "@datahike-sync/edn";
import type { Entity } from "./database.ts";
import type { Arrival } from "./replicate.ts";

export interface Report {
  /** Keys in the store. */
  readonly keys: number;
  /** Keys that its roots reach, the roots included. */
  readonly reachable: number;
  /** Keys that the replica's roots reach. */
  readonly copied: number;
  /** Of the copied values, as the stores keep them. */
  readonly bytes: number;
  /** For all states together. */
  readonly ms: number;
  readonly maxTx: number;
  readonly datoms: { readonly eavt: number; readonly aevt: number; readonly avet: number };
  /** The commits that were replayed. */
  readonly steps: readonly Arrival[];
}

const NUMBER = new Intl.NumberFormat("en");
const MAX_CELL = 28;
const MAX_WIDTH = 110;
const GAP = "  ";

/** A line that says what one state brought to the replica. */
export function formatArrival(
  { commit, maxTx, keys, bytes, ms }: Arrival,
  isFirst: boolean,
): string {
  const sizes = [`${NUMBER.format(keys)} keys`, `${NUMBER.format(bytes)} bytes`, `${ms} ms`];
  return [
    isFirst ? "begins with" : "receives",
    `commit ${commit}, max-tx ${maxTx}:`,
    sizes.join(", "),
  ].join(" ");
}

export function formatReport(report: Report, entities: readonly Entity[]): string {
  const { keys, reachable, copied, bytes, ms, maxTx, datoms } = report;
  return [
    "",
    ...table([
      ["keys in the store", NUMBER.format(keys)],
      ["keys reachable", NUMBER.format(reachable)],
      ["keys copied", NUMBER.format(copied)],
      ["bytes copied", NUMBER.format(bytes)],
      ["time", `${NUMBER.format(ms)} ms`],
    ]),
    "",
    "read from the replica",
    "",
    ...table([
      ...Object.entries(datoms).map(([index, count]) => [
        `datoms in ${index}`,
        NUMBER.format(count),
      ]),
      ["max-tx", String(maxTx)],
    ]),
    ...(entities.length === 0 ? [] : ["", ...entityTable(entities)]),
    "",
  ].join("\n");
}

/** One line an entity, one column an attribute that any of them has, as many as fit. */
function entityTable(entities: readonly Entity[]): string[] {
  const attributes = [...new Set(entities.flatMap(({ attributes: own }) => [...own.keys()]))];
  const columns = [["entity", ...entities.map(({ id }) => String(id))]];
  let width = widthOf(columns[0] ?? []);
  for (const attribute of attributes) {
    const column = [attribute, ...entities.map(({ attributes: own }) => cell(own.get(attribute)))];
    width += GAP.length + widthOf(column);
    if (width > MAX_WIDTH) break;
    columns.push(column);
  }
  const hidden = attributes.length + 1 - columns.length;
  const rows = table(["", ...entities].map((_, row) => columns.map((column) => column[row] ?? "")));
  return hidden === 0 ? rows : [...rows, `and ${hidden} more attributes`];
}

function cell(values: readonly Edn[] = []): string {
  const text = values.map((value) => print(value)).join(" ");
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => widthOf(rows.map((row) => row[column] ?? "")));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function widthOf(column: readonly string[]): number {
  return Math.max(...column.map((text) => text.length));
}
