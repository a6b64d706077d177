/** Replicas that are connected while commits are made. */
import type { Pair } from "../pair.ts";
import { quantile, type Sample } from "../row.ts";
import type { Workload } from "./workload.ts";

export interface LiveOptions {
  readonly name: string;
  readonly replicas: number;
  readonly commits: number;
  readonly everyMs: number;
}

/** Commits of one key at an even pace, far below what either side could do. */
export function live({ name, replicas, commits, everyMs }: LiveOptions): Workload {
  return {
    name,
    prepare: (pair) => pair.openReplicas(replicas),
    round: async (pair, isSampling) => {
      await startLive(pair);
      const sample = await pair.measure(isSampling, async () => {
        const latencies = await latenciesOf(pair, commits, everyMs);
        return { ...latenciesIn(latencies), perSecond: 1000 / everyMs };
      });
      return { [name]: sample };
    },
  };
}

/** The commits of a database, each made when the one before has arrived. */
export function liveDatabase(commits: number): Workload {
  return {
    name: "live",
    round: async (pair, isSampling) => {
      await pair.serve(commits);
      await pair.openReplicas(1);
      await startLive(pair);
      const sample = await pair.measure(isSampling, async () => {
        const latencies: number[] = [];
        for (let i = 0; i < commits; i++) latencies.push(...(await latenciesOf(pair, 1, 0)));
        return latenciesIn(latencies);
      });
      return { live: sample };
    },
  };
}

/** Commits of one key, one right after the other; until the replica has the last of them. */
export function burst(commits: number): Workload {
  return {
    name: "burst",
    prepare: (pair) => pair.openReplicas(1),
    round: async (pair, isSampling) => {
      await startLive(pair);
      const keys = await pair.primary.ask("prepare", commits, 1);
      await pair.replica.ask("expect", keys);
      const sample = await pair.measure(isSampling, async () => {
        const arrivals = pair.replica.ask("arrivals");
        const [startMs = 0] = await pair.primary.ask("commit", 0);
        const endMs = (await arrivals).flat().reduce((last, time) => Math.max(last, time), 0);
        const ms = endMs - startMs;
        return { ms, perSecond: commits / (ms / 1000) };
      });
      return { burst: sample };
    },
  };
}

async function startLive(pair: Pair): Promise<void> {
  await pair.replica.ask("disconnect");
  await pair.replica.ask("connect", pair.farAddress);
}

/** From the beginning of each commit until its key can be read, at all replicas. */
async function latenciesOf(pair: Pair, commits: number, everyMs: number): Promise<number[]> {
  const keys = await pair.primary.ask("prepare", commits, 1);
  await pair.replica.ask("expect", keys);
  const [begun, arrivals] = await Promise.all([
    pair.primary.ask("commit", everyMs),
    pair.replica.ask("arrivals"),
  ]);
  return arrivals.flatMap((times) => times.map((time, at) => time - (begun[at] ?? Number.NaN)));
}

function latenciesIn(latencies: readonly number[]): Sample {
  return { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
}
