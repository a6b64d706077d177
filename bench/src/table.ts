/** Rows as text. */
import type { Aim } from "./aims.ts";
import type { BothSides, Row } from "./row.ts";

const COLUMNS: readonly (readonly [title: string, width: number, of: (row: Row) => string])[] = [
  ["workload", -22, ({ workload }) => workload],
  ["system", -9, ({ system }) => system],
  ["ms", 9, ({ ms }) => fixed(ms, 1)],
  ["up", 9, ({ upBytes }) => bytes(upBytes)],
  ["down", 9, ({ downBytes }) => bytes(downBytes)],
  ["p50 ms", 8, ({ p50Ms }) => fixed(p50Ms, 2)],
  ["p99 ms", 8, ({ p99Ms }) => fixed(p99Ms, 2)],
  ["per s", 8, ({ perSecond }) => fixed(perSecond, 0)],
  ["CPU ms", 13, ({ cpuMs }) => both(cpuMs, (ms) => ms.toFixed(0))],
  ["peak MB", 13, ({ peakBytes }) => both(peakBytes, (size) => (size / 1e6).toFixed(1))],
];

/** The rows, in groups of the same data at the same distance. */
export function formatRows(rows: readonly Row[]): string {
  const lines: string[] = [];
  let group = "";
  let workload = "";
  for (const row of rows) {
    if (groupOf(row) !== group) {
      group = groupOf(row);
      lines.push("", group, "", COLUMNS.map(([title, width]) => padded(title, width)).join(" "));
    } else if (row.workload !== workload) lines.push("");
    workload = row.workload;
    lines.push(COLUMNS.map(([, width, of]) => padded(of(row), width)).join(" "));
  }
  lines.push("", "CPU and peak are of the primary's process and of the replicas'.");
  return lines.join("\n").trimStart();
}

export function formatAims(aims: readonly Aim[]): string {
  const lines = aims.map(({ name, is, limit, isMet }) =>
    [isMet ? "ok    " : "missed", padded(is, 18), padded(limit, 18), ` ${name}`].join(" "),
  );
  return ["aims", "", ...lines].join("\n");
}

function groupOf({ keys, valueBytes, rttMs }: Row): string {
  const distance = rttMs === 0 ? "loopback" : `${rttMs} ms round trips, 10 Mbit/s`;
  return `${keys} keys of ${valueBytes} B, ${distance}`;
}

function padded(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width);
}

function fixed(value: number | null, digits: number): string {
  return value === null ? "" : value.toFixed(digits);
}

function bytes(value: number | null): string {
  if (value === null) return "";
  return value < 1e5 ? `${value} B` : `${(value / 1e6).toFixed(2)} MB`;
}

function both(values: BothSides | null, format: (value: number) => string): string {
  return values === null ? "" : `${format(values.primary)} / ${format(values.replica)}`;
}
