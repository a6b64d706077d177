/** Times pieces of work side by side, so that their ratio holds while the machine's speed drifts. */

/** One way to do some work, and how much it is. */
interface Contender {
  readonly system: string;
  /** Does the work once. */
  readonly run: () => unknown;
  /** Whether what `run` gives is how many bytes it sent. */
  readonly sends?: boolean;
}

export interface Workload {
  readonly workload: string;
  /** How much work one run is, in `unit`. */
  readonly amount: number;
  readonly unit: "bytes" | "datoms" | "keys" | "operations";
  /** The first is what the others are compared with, the last is ours. */
  readonly contenders: readonly [Contender, ...Contender[]];
}

export interface MeasureOptions {
  /** How often each contender is timed, after a warm-up. */
  readonly rounds: number;
  /** Whether only ours is run: for a profile of nothing else. */
  readonly onlyOurs: boolean;
}

export interface Row {
  readonly workload: string;
  readonly system: string;
  readonly unit: Workload["unit"];
  readonly amount: number;
  /** Median of the runs. */
  readonly ms: number;
  readonly perSecond: number;
  /** Of the rate to that of the first contender: the median of the ratios of runs next to each other. */
  readonly ratio: number;
  /** Bytes that were sent for one `unit`, in the last run. */
  readonly bytesEach?: number;
}

/** Runs the contenders in turn. */
export async function measure(
  work: Workload,
  { rounds, onlyOurs }: MeasureOptions,
): Promise<Row[]> {
  const contenders = onlyOurs ? work.contenders.slice(-1) : work.contenders;
  const times = contenders.map((): number[] => []);
  const results: unknown[] = [];
  for (let round = -1; round < rounds; round++) {
    for (const [index, { run }] of contenders.entries()) {
      const started = performance.now();
      const result = await run();
      // A look at the result, so that no compiler leaves the work out.
      if (result === undefined) throw new Error(`${work.workload} gave nothing`);
      if (round >= 0) times[index]?.push(performance.now() - started);
      results[index] = result;
    }
  }
  return contenders.map(({ system, sends }, index) => {
    const own = times[index] ?? [];
    const ms = median(own);
    const ratio = median(own.map((time, round) => (times[0]?.[round] ?? time) / time));
    const { workload, unit, amount } = work;
    const row: Row = { workload, system, unit, amount, ms, perSecond: amount / (ms / 1000), ratio };
    return sends === true ? { ...row, bytesEach: Number(results[index]) / amount } : row;
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
