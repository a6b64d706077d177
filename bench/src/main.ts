/** Ours and what it stands on, side by side. */
import { parseArgs } from "node:util";
import { measureCommits, measureFirstSync } from "./engine.ts";
import type { MeasureOptions, Row } from "./measure.ts";
import { measureReading } from "./reading.ts";

const OPTIONS = {
  quick: { type: "boolean", default: false },
  only: { type: "string" },
  ours: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const PARTS: Readonly<Record<string, (options: MeasureOptions) => Promise<Row[]>>> = {
  reading: measureReading,
  "first-sync": measureFirstSync,
  "commits-of-1": (options) => measureCommits(1, options),
  "commits-of-100": (options) => measureCommits(100, options),
};

async function main(): Promise<void> {
  const { quick, only, ours: onlyOurs, json } = parseArgs({ options: OPTIONS }).values;
  const parts = Object.entries(PARTS).filter(([name]) => only === undefined || only === name);
  if (parts.length === 0) throw new TypeError(`--only takes ${Object.keys(PARTS).join(", ")}`);
  const rows: Row[] = [];
  for (const [, measurePart] of parts) {
    rows.push(...(await measurePart({ rounds: quick ? 3 : 11, onlyOurs })));
  }
  console.log(json ? JSON.stringify(rows, null, 2) : rows.map(formatRow).join("\n"));
}

function formatRow({ workload, system, unit, ms, perSecond, ratio, bytesEach }: Row): string {
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

await main();
