/** What a run of the bench gives. */

/** The figures of one workload. Those that it does not have are `null`. */
export interface Row {
  readonly system: string;
  readonly workload: string;
  readonly keys: number;
  /** Of the values on average. */
  readonly valueBytes: number;
  /** Round trips that the relay injects, with 10 Mbit/s; 0 is loopback as it is. */
  readonly rttMs: number;
  readonly ms: number | null;
  /** WebSocket payload. */
  readonly upBytes: number | null;
  readonly downBytes: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Keys, or commits where it has latencies or is a burst. */
  readonly perSecond: number | null;
  readonly cpuMs: BothSides | null;
  /** Live heap and buffers at their peak, the stores included. */
  readonly peakBytes: BothSides | null;
}

export interface BothSides {
  readonly primary: number;
  readonly replica: number;
}

/** One round's part of a row. */
export type Sample = Partial<Omit<Row, "system" | "workload" | "keys" | "valueBytes" | "rttMs">>;

/** Where and of what rows are. */
export type Place = Pick<Row, "system" | "workload" | "keys" | "valueBytes" | "rttMs">;

/** The medians of several rounds. */
export function toRow(place: Place, samples: readonly Sample[], peak: Sample["peakBytes"]): Row {
  const of = (pick: (sample: Sample) => number | null | undefined): number | null =>
    median(samples.map(pick).filter((value) => value !== null && value !== undefined));
  const primary = of(({ cpuMs }) => cpuMs?.primary);
  const replica = of(({ cpuMs }) => cpuMs?.replica);
  return {
    ...place,
    ms: of(({ ms }) => ms),
    upBytes: of(({ upBytes }) => upBytes),
    downBytes: of(({ downBytes }) => downBytes),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    perSecond: of(({ perSecond }) => perSecond),
    cpuMs: primary === null || replica === null ? null : { primary, replica },
    peakBytes: peak ?? null,
  };
}

/** `null` of nothing. */
export function median(values: readonly number[]): number | null {
  return quantile(values, 0.5);
}

/** The value that a share of all is not above. `null` of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
