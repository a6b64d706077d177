/** Many runs: what they met altogether, and which of them failed. */
import { Coverage, lacking } from "./coverage.ts";
import { type Shrunk, shrink } from "./shrink.ts";
import { type SimulationOptions, type SimulationResult, simulate } from "./simulate.ts";

export interface CampaignOptions extends Omit<SimulationOptions, "seed" | "keep" | "salt"> {
  /** How many seeds. */
  readonly seeds: number;
  /** The first of them. */
  readonly from: number;
  /** How many failures end it. Default 1. */
  readonly failures?: number | undefined;
  /** Told after each run. */
  readonly onRun?: ((result: SimulationResult) => void) | undefined;
}

export interface CampaignResult {
  readonly runs: number;
  readonly coverage: Coverage;
  /** The middle length of the traces. */
  readonly medianTrace: number;
  /** Runs in which something was violated, as they were first. */
  readonly failures: readonly SimulationResult[];
  /** What was met too seldom; empty where a run failed, since what follows was not run. */
  readonly lacking: readonly string[];
}

export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const { seeds, from, failures: mostFailures = 1, onRun, ...rest } = options;
  const coverage = new Coverage();
  const lengths: number[] = [];
  const failures: SimulationResult[] = [];
  for (let seed = from; seed < from + seeds && failures.length < mostFailures; seed++) {
    const result = await simulate({ ...rest, seed });
    coverage.add(result.coverage);
    coverage.count(`shape: ${result.scenario.shape}`);
    coverage.count(`kind: ${result.scenario.kind}`);
    lengths.push(result.trace.length);
    if (result.violation !== undefined) failures.push(result);
    onRun?.(result);
  }
  const medianTrace = lengths.sort((a, b) => a - b)[lengths.length >> 1] ?? 0;
  const runs = lengths.length;
  return {
    runs,
    coverage,
    medianTrace,
    failures,
    lacking: failures.length > 0 ? [] : lacking(coverage, runs, medianTrace),
  };
}

/** A failure as a text: what is violated, the shortest trace that was found, and how to see it again. */
export async function explain(
  options: Omit<SimulationOptions, "seed">,
  failed: SimulationResult,
): Promise<string> {
  return textOf(await shrink({ ...options, seed: failed.seed }, failed), failed);
}

function textOf({ result, keep, salt }: Shrunk, failed: SimulationResult): string {
  return [
    `seed ${failed.seed}: ${failed.violation}`,
    `shrunk from ${failed.trace.length} events to ${result.trace.length}: ${result.violation}`,
    ...result.trace.map((line) => `  ${line}`),
    `repeat: npm run simulate -- --from ${failed.seed} --keep ${keep.join(",")} --salt ${salt}`,
  ].join("\n");
}
