/** Many replicas of one primary: how late commits are, what a subscriber costs, and a storm of those who come back. */
import type { DataName } from "./data/data.ts";
import { Side } from "./orders.ts";
import { Pair, withPort } from "./pair.ts";
import { Relay } from "./relay/relay.ts";
import type { ReplicaOrders } from "./replica-side.ts";
import { median, type Sample } from "./row.ts";
import { OURS } from "./systems/ours.ts";
import { live } from "./workloads/live.ts";
import type { Workload } from "./workloads/workload.ts";

export interface LoadOptions {
  readonly isQuick: boolean;
  /** Given to Node for all processes. */
  readonly execArgv: readonly string[];
  readonly onProgress: (text: string) => void;
}

export interface LoadFigures {
  readonly replicas: number;
  readonly seconds: number;
  readonly commitsPerSecond: number;
  /** From the beginning of a commit until a replica has it, over all replicas. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly cpuMs: Sample["cpuMs"];
  /** Live heap and buffers of the primary, beyond what it holds alone. */
  readonly bytesPerSubscriber: number;
  /** Until all were live after all had left and {@link STORM_COMMITS} commits were made. */
  readonly stormMs: number;
  readonly slow: SlowFigures;
}

/** Replicas beside one that takes {@link SLOW_BYTES_PER_SECOND}. */
export interface SlowFigures {
  readonly replicas: number;
  readonly seconds: number;
  readonly p99Ms: readonly RoundPair[];
  /** The median of the ratios of rounds next to each other. */
  readonly ratio: number | null;
}

interface RoundPair {
  readonly alone: number;
  readonly beside: number;
}

const STORE = "memory";
const COMMITS_PER_SECOND = 20;
const STORM_COMMITS = 100;
const SLOW_BYTES_PER_SECOND = 1024;
const SLOW_NEIGHBOURS = 100;
const SLOW_ROUNDS = 5;

export async function runLoad(options: LoadOptions): Promise<LoadFigures> {
  const { isQuick, onProgress } = options;
  const [replicas, seconds] = isQuick ? [100, 5] : [1000, 60];
  // As many keys as commits, so that each commit is told however late it is.
  const keys = seconds * COMMITS_PER_SECOND;
  const load = await withPair(options, { kind: "random", keys, valueBytes: 100 }, async (pair) => {
    const workload = liveFor(replicas, seconds);
    const alone = await heldBy(pair);
    onProgress(`${replicas} replicas`);
    await pair.openReplicas(replicas);
    await pair.replica.ask("connect", pair.address);
    const bytesPerSubscriber = ((await heldBy(pair)) - alone) / replicas;
    onProgress(`${COMMITS_PER_SECOND} commits a second for ${seconds} s`);
    const { live: sample = {} as Sample } = await workload.round(pair, false);
    await pair.check("load");
    onProgress("a storm");
    const stormMs = await storm(pair);
    await pair.check("storm");
    const { p50Ms = null, p99Ms = null, cpuMs } = sample;
    return { p50Ms, p99Ms, cpuMs, bytesPerSubscriber, stormMs };
  });
  const slow = await besideSlow(options, isQuick ? 5 : 10);
  return { replicas, seconds, commitsPerSecond: COMMITS_PER_SECOND, ...load, slow };
}

export function formatLoad(figures: LoadFigures): string {
  const { replicas, seconds, commitsPerSecond, p50Ms, p99Ms, cpuMs } = figures;
  const { bytesPerSubscriber, stormMs, slow } = figures;
  const rounds = slow.p99Ms.map(
    ({ alone, beside }) => `${alone.toFixed(1)} / ${beside.toFixed(1)}`,
  );
  return [
    `${replicas} replicas, ${commitsPerSecond} commits a second for ${seconds} s`,
    `  until a replica has a commit   p50 ${msOf(p50Ms)}, p99 ${msOf(p99Ms)}`,
    `  CPU                            primary ${msOf(cpuMs?.primary)}, replicas ${msOf(cpuMs?.replica)}`,
    `  memory per subscriber          ${(bytesPerSubscriber / 1024).toFixed(1)} KiB`,
    `  all back after a storm         ${msOf(stormMs)}`,
    `${slow.replicas} replicas beside one of ${SLOW_BYTES_PER_SECOND} B/s, ${slow.seconds} s a round`,
    `  p99 without / with it          ${rounds.join(", ")} ms`,
    `  ratio, median                  ${slow.ratio?.toFixed(2) ?? ""} x (aim: at most 1.30 x)`,
  ].join("\n");
}

/** All leave, something is committed, and all come back at the same moment. */
async function storm(pair: Pair): Promise<number> {
  await pair.replica.ask("disconnect");
  await pair.primary.ask("prepare", STORM_COMMITS, 1);
  await pair.primary.ask("commit", 0);
  return (await pair.replica.ask("connect", pair.address)).ms;
}

/** Rounds without the slow one and rounds with it take turns. */
function besideSlow(options: LoadOptions, seconds: number): Promise<SlowFigures> {
  return withPair(options, { kind: "random", keys: 100, valueBytes: 100 }, async (pair) => {
    const workload = liveFor(SLOW_NEIGHBOURS, seconds);
    await pair.openReplicas(SLOW_NEIGHBOURS);
    await workload.round(pair, false);
    const p99Ms: RoundPair[] = [];
    for (let round = 1; round <= SLOW_ROUNDS; round++) {
      options.onProgress(`beside a slow one, ${round} of ${SLOW_ROUNDS}`);
      const alone = await p99Of(pair, workload);
      await using _slow = await SlowReplica.follow(pair, options.execArgv);
      const beside = await p99Of(pair, workload);
      p99Ms.push({ alone, beside });
    }
    const ratio = median(p99Ms.map(({ alone, beside }) => beside / alone));
    return { replicas: SLOW_NEIGHBOURS, seconds, p99Ms, ratio };
  });
}

/** A replica in a process of its own, behind a narrow line. */
class SlowReplica implements AsyncDisposable {
  readonly #relay: Relay;
  readonly #side: Side<ReplicaOrders>;

  static async follow(pair: Pair, execArgv: readonly string[]): Promise<SlowReplica> {
    const port = Number(new URL(pair.address).port);
    const relay = await Relay.open({ port, rttMs: 0, bytesPerSecond: SLOW_BYTES_PER_SECOND });
    const side = new Side<ReplicaOrders>(new URL("./replica-side.js", import.meta.url), execArgv);
    const slow = new SlowReplica(relay, side);
    await side.ask("open", { system: OURS.name, data: pair.data, store: STORE }, 1);
    // When it is live it takes steps, of which there will be more than it can.
    await side.ask("connect", withPort(pair.address, relay.port));
    return slow;
  }

  private constructor(relay: Relay, side: Side<ReplicaOrders>) {
    this.#relay = relay;
    this.#side = side;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#side.stop();
    await this.#relay.close();
  }
}

function liveFor(replicas: number, seconds: number): Workload {
  const commits = seconds * COMMITS_PER_SECOND;
  return live({ name: "live", replicas, commits, everyMs: 1000 / COMMITS_PER_SECOND });
}

async function p99Of(pair: Pair, workload: Workload): Promise<number> {
  return (await workload.round(pair, false))["live"]?.p99Ms ?? Number.NaN;
}

/** What the primary holds when nothing happens. */
async function heldBy(pair: Pair): Promise<number> {
  return (await pair.measure(true, async () => ({}))).peakBytes?.primary ?? Number.NaN;
}

async function withPair<T>(
  { execArgv }: LoadOptions,
  data: DataName,
  job: (pair: Pair) => Promise<T>,
): Promise<T> {
  const pair = new Pair({ system: OURS, data, store: STORE, execArgv });
  try {
    await pair.serve();
    return await job(pair);
  } finally {
    await pair.stop();
  }
}

function msOf(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? "" : `${ms.toFixed(1)} ms`;
}
