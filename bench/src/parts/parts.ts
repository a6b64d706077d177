/** The parts that an engine is made of, each beside what it stands on. */
import { measureCommits, measureFirstSync } from "./engine.ts";
import { measureIndexedDb } from "./indexeddb.ts";
import { measureLevelCommits, measureLevelOpening } from "./level.ts";
import type { MeasureOptions, Row } from "./measure.ts";
import { measureReading } from "./reading.ts";
import { measureTieredReads } from "./tiered.ts";

const PARTS: Readonly<Record<string, (options: MeasureOptions) => Promise<Row[]>>> = {
  reading: measureReading,
  "first-sync": measureFirstSync,
  "commits-of-1": (options) => measureCommits(1, options),
  "commits-of-100": (options) => measureCommits(100, options),
  "level-commits": measureLevelCommits,
  "level-opening": measureLevelOpening,
  indexeddb: measureIndexedDb,
  "tiered-reads": measureTieredReads,
};

export interface PartsOptions extends MeasureOptions {
  /** Of {@link PARTS}; by default all. */
  readonly only: string | undefined;
}

/** @throws {TypeError} when there is no part of that name. */
export async function runParts({ only, ...options }: PartsOptions): Promise<Row[]> {
  const parts = Object.entries(PARTS).filter(([name]) => only === undefined || only === name);
  if (parts.length === 0) throw new TypeError(`--only takes ${Object.keys(PARTS).join(", ")}`);
  const rows: Row[] = [];
  for (const [, measurePart] of parts) rows.push(...(await measurePart(options)));
  return rows;
}

export function formatPart({
  workload,
  system,
  unit,
  ms,
  perSecond,
  ratio,
  bytesEach,
}: Row): string {
  const rate =
    unit === "bytes"
      ? `${(perSecond / 1e6).toFixed(1)} MB/s`
      : `${Math.round(perSecond)} ${unit}/s`;
  return [
    workload.padEnd(25),
    system.padEnd(24),
    `${ms.toFixed(1)} ms`.padStart(10),
    rate.padStart(20),
    `${ratio.toFixed(2)} x`.padStart(9),
    ...(bytesEach === undefined ? [] : [`${Math.round(bytesEach)} B each`.padStart(13)]),
  ].join(" ");
}
