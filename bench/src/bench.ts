/** Runs workloads on systems that take turns. */
import { Pair } from "./pair.ts";
import { type PlanPart, takesPart } from "./plan.ts";
import { type Row, type Sample, toRow } from "./row.ts";
import type { System } from "./system.ts";
import type { Workload } from "./workloads/workload.ts";

export interface BenchOptions {
  readonly systems: readonly System[];
  readonly store: string;
  /** Of workloads; by default all. */
  readonly workloads: ReadonlySet<string> | undefined;
  /** Given to Node for the processes of both sides. */
  readonly execArgv: readonly string[];
  readonly onProgress: (text: string) => void;
}

/** A row, and the rounds whose medians it holds. Rounds of the same place in several were neighbours. */
export interface Result {
  readonly row: Row;
  readonly samples: readonly Sample[];
}

/** All systems of a part are there at the same time, so that their rounds can alternate. */
export async function runPart(part: PlanPart, options: BenchOptions): Promise<Result[]> {
  const { systems, store, execArgv, workloads, onProgress } = options;
  const { data, rttMs } = part;
  const isWanted = ({ name }: Workload) => workloads === undefined || workloads.has(name);
  const wanted = part.workloads.filter(isWanted);
  const taking = systems.filter((system) => wanted.some((one) => takesPart(system, part, one)));
  const pairs = taking.map((system) => new Pair({ system, data, store, execArgv }));
  const results: Result[] = [];
  try {
    for (const pair of pairs) {
      await pair.serve();
      await pair.goTo(rttMs);
    }
    for (const workload of wanted) {
      const here = pairs.filter(({ system }) => takesPart(system, part, workload));
      onProgress(`${nameOf(part)}: ${workload.name}`);
      results.push(...(await runWorkload(workload, here, part)));
    }
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()));
  }
  return results;
}

/** Memory is looked at last: whatever is timed after that is slower. */
async function runWorkload(
  workload: Workload,
  pairs: readonly Pair[],
  { rttMs, warmUps, rounds }: PlanPart,
): Promise<Result[]> {
  const runs = pairs.map((pair) => ({ pair, samples: [] as Samples[], last: {} as Samples }));
  for (const { pair } of runs) await workload.prepare?.(pair);
  for (let round = -warmUps; round < rounds; round++) {
    for (const { pair, samples } of runs) {
      if (pair.system.isSlow && (round < -1 || round > 0)) continue;
      const sample = await workload.round(pair, false);
      if (round >= 0) samples.push(sample);
    }
  }
  for (const run of runs) {
    run.last = await workload.round(run.pair, true);
    await run.pair.check(workload.name);
  }
  const names = Object.keys(runs[0]?.last ?? {});
  return names.flatMap((name) =>
    runs.map(({ pair, samples, last }) => toResult(name, pair, samples, last, rttMs)),
  );
}

/** The samples of one round, by the names of their rows. */
type Samples = Readonly<Record<string, Sample>>;

function toResult(
  workload: string,
  { system, served }: Pair,
  rounds: readonly Samples[],
  last: Samples,
  rttMs: number,
): Result {
  const { keys, valueBytes } = served;
  const samples = rounds.map((round) => round[workload] ?? {});
  const place = { system: system.name, workload, keys, valueBytes, rttMs };
  return { row: toRow(place, samples, last[workload]?.peakBytes), samples };
}

function nameOf({ data, rttMs }: PlanPart): string {
  const what = data.kind === "random" ? `${data.keys} x ${data.valueBytes} B` : "Datahike";
  return rttMs === 0 ? what : `${what} at ${rttMs} ms`;
}
