/** What ours is measured against. Nothing fails where an aim is missed: it is said. */
import type { Result } from "./bench.ts";
import { entryBytes } from "./data/random-data.ts";
import { RELAY_BYTES_PER_SECOND } from "./pair.ts";
import { type BothSides, median, type Row, type Sample } from "./row.ts";

export interface Aim {
  readonly name: string;
  readonly is: string;
  readonly limit: string;
  readonly isMet: boolean;
}

/** The aims that these results say something about. */
export function aimsOf(results: readonly Result[]): Aim[] {
  const duels = results
    .filter(({ row }) => row.system === "ours")
    .map((ours) => ({ ours, floor: results.find(({ row }) => isFloorOf(row, ours.row)) }));
  return [
    ...duels.flatMap(({ ours, floor }) => [...aimsAlone(ours.row), ...aimsBeside(ours, floor)]),
    ...peakAims(duels),
  ];
}

interface Duel {
  readonly ours: Result;
  readonly floor: Result | undefined;
}

/** Those that need no floor. */
function aimsAlone(row: Row): Aim[] {
  const { workload, rttMs, ms, upBytes, downBytes, keys, valueBytes } = row;
  const aims: Aim[] = [];
  if (/^reconnect-[01]$/.test(workload) && upBytes !== null) {
    aims.push(atMost(`bytes up, ${nameOf(row)}`, upBytes, 300, "B"));
  }
  if (workload !== "initial" || ms === null || downBytes === null) return aims;
  if (rttMs === 0 && valueBytes === 1024) {
    const ratio = downBytes / (keys * entryBytes(valueBytes));
    aims.push(atMost(`bytes of keys and values, ${nameOf(row)}`, ratio, 1.05, "x"));
  }
  if (rttMs === 100) {
    // One round trip is the WebSocket's own, before there is a line.
    const extraMs = ms - (downBytes / RELAY_BYTES_PER_SECOND) * 1000 - rttMs;
    const name = `beyond the handshake and the transfer, ${nameOf(row)}`;
    aims.push(atMost(name, extraMs, 2 * rttMs, "ms"));
  }
  return aims;
}

/** Ratios, near, where nothing but the two systems takes time. */
function aimsBeside({ row, samples }: Result, floor: Result | undefined): Aim[] {
  if (floor === undefined || row.rttMs > 0) return [];
  const ratioOf = (field: "ms" | "perSecond" | "downBytes" | "p50Ms" | "p99Ms"): number =>
    ratio(samples, floor.samples, (sample) => sample[field]);
  const name = `of the floor, ${nameOf(row)}`;
  switch (row.workload) {
    case "initial": {
      const rate = atLeast(`rate ${name}`, ratioOf("perSecond"), 0.7);
      const bytes = atMost(`bytes ${name}`, ratioOf("downBytes"), 1.02, "x");
      return row.valueBytes === 100 ? [rate, bytes] : [rate];
    }
    case "burst":
      return [atLeast(`rate ${name}`, ratioOf("perSecond"), 1.2)];
    case "fresh-10":
      return [atMost(`time ${name}`, ratioOf("ms"), 1.5, "x")];
    case "live":
    case "live-100":
      return [
        atMost(`p50 ${name}`, ratioOf("p50Ms"), 1.5, "x"),
        atMost(`p99 ${name}`, ratioOf("p99Ms"), 1.5, "x"),
      ];
    default:
      return [];
  }
}

/** What may wait for each line beyond what waits at the floor's: what is not acknowledged, and a queue. */
const LINE_BYTES = 16 * 2 ** 20 + 8 * 2 ** 20;

/** For each side and distance the workload that takes most of each line. */
function peakAims(duels: readonly Duel[]): Aim[] {
  const worst = new Map<string, { readonly bytes: number; readonly name: string }>();
  for (const { ours, floor } of duels) {
    for (const side of ["primary", "replica"] as const) {
      const bytes = beyond(ours.row, floor?.row, side);
      const place = `${side}, ${ours.row.rttMs} ms`;
      if (bytes === undefined || bytes <= (worst.get(place)?.bytes ?? Number.NEGATIVE_INFINITY))
        continue;
      worst.set(place, {
        bytes,
        name: `peak beyond the floor's for each line, ${side}, ${nameOf(ours.row)}`,
      });
    }
  }
  return Array.from(worst.values(), ({ bytes, name }) =>
    atMost(name, bytes / 1e6, LINE_BYTES / 1e6, "MB"),
  );
}

function beyond(
  { workload, peakBytes }: Row,
  floor: Row | undefined,
  side: keyof BothSides,
): number | undefined {
  if (peakBytes === null || !floor?.peakBytes) return undefined;
  const lines = Number(/^(?:fresh|live)-(\d+)$/.exec(workload)?.[1] ?? 1);
  return (peakBytes[side] - floor.peakBytes[side]) / lines;
}

/** The median of the ratios of rounds next to each other: what else the machine did touched both. */
function ratio(
  ours: readonly Sample[],
  floor: readonly Sample[],
  pick: (sample: Sample) => number | null | undefined,
): number {
  const ratios = ours.map((sample, round) => (pick(sample) ?? 0) / (pick(floor[round] ?? {}) ?? 0));
  return median(ratios) ?? Number.NaN;
}

function atLeast(name: string, value: number, limit: number): Aim {
  const isMet = value >= limit;
  return { name, is: formatted(value, "x"), limit: `at least ${formatted(limit, "x")}`, isMet };
}

function atMost(name: string, value: number, limit: number, unit: string): Aim {
  const isMet = value <= limit;
  return { name, is: formatted(value, unit), limit: `at most ${formatted(limit, unit)}`, isMet };
}

function formatted(value: number, unit: string): string {
  return `${value.toFixed(unit === "x" ? 2 : 0)} ${unit}`;
}

function isFloorOf(row: Row, ours: Row): boolean {
  return (
    row.system === "floor" &&
    row.workload === ours.workload &&
    row.keys === ours.keys &&
    row.valueBytes === ours.valueBytes &&
    row.rttMs === ours.rttMs
  );
}

function nameOf({ workload, keys, valueBytes, rttMs }: Row): string {
  const far = rttMs === 0 ? "" : `, ${rttMs} ms`;
  return `${workload} (${keys} x ${valueBytes} B${far})`;
}
