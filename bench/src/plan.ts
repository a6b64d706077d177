/** What is measured: data, distances, workloads, and how often. */
import type { DataName } from "./data/data.ts";
import type { System } from "./system.ts";
import { fresh, INITIAL } from "./workloads/initial.ts";
import { burst, live, liveDatabase } from "./workloads/live.ts";
import { reconnect, reconnectDeleted } from "./workloads/reconnect.ts";
import { RESUME } from "./workloads/resume.ts";
import type { Workload } from "./workloads/workload.ts";

/** One kind of data at one distance. */
export interface PlanPart {
  readonly data: DataName;
  readonly rttMs: number;
  /** How often each workload is run before it is timed, so that it is compiled. */
  readonly warmUps: number;
  readonly rounds: number;
  readonly workloads: readonly Workload[];
}

export type PlanSize = "full" | "quick" | "tiny";

/** What is measured, one part after the other. */
export function planOf(size: PlanSize): readonly PlanPart[] {
  const scale = SCALES[size];
  const parts = scale.rttsMs.flatMap((rttMs) => partsAt(rttMs, scale));
  return scale.manyReplicas === 0 ? parts : [...parts, manyReplicas(scale)];
}

/** Whether a system takes part in a workload. One that is slow does where that ends within a minute. */
export function takesPart(
  { isSlow, tellsDeletes }: System,
  { data, rttMs }: PlanPart,
  workload: Workload,
): boolean {
  if (!tellsDeletes && workload.name.endsWith("-deleted")) return false;
  if (!isSlow) return true;
  const isShort = data.kind === "datahike" || data.keys <= 10_000;
  if (rttMs === 0 && isShort) return true;
  const isForOne = /^(initial|reconnect-\d+|live)$/.test(workload.name);
  return isForOne && (rttMs === 0 || (isShort && data.kind === "random"));
}

/** How much there is of everything. */
interface Scale {
  readonly data: readonly Extract<DataName, { kind: "random" }>[];
  /** Keys that change while a replica is away. */
  readonly changes: readonly number[];
  readonly liveCommits: number;
  readonly burstCommits: number;
  readonly freshReplicas: number;
  /** That are live at once; 0 for not at all. */
  readonly manyReplicas: number;
  readonly rttsMs: readonly number[];
  readonly database: Extract<DataName, { kind: "datahike" }>;
  /** How far away it is at most. */
  readonly databaseRttMs: number;
  /** Where nothing is between the two sides. Where a relay is, the link takes the time: once will do. */
  readonly near: Pick<PlanPart, "warmUps" | "rounds">;
}

const FULL: Scale = {
  data: [
    { kind: "random", keys: 10_000, valueBytes: 1024 },
    { kind: "random", keys: 100_000, valueBytes: 100 },
  ],
  changes: [1, 100, 1000],
  liveCommits: 400,
  burstCommits: 10_000,
  freshReplicas: 10,
  manyReplicas: 100,
  rttsMs: [0, 20, 100],
  database: { kind: "datahike", store: "datahike-0.8/medium", commits: 10 },
  databaseRttMs: 100,
  near: { warmUps: 3, rounds: 5 },
};

const SCALES: Readonly<Record<PlanSize, Scale>> = {
  full: FULL,
  /** For a look in between: fewer rounds, and near only. */
  quick: { ...FULL, liveCommits: 200, rttsMs: [0], near: { warmUps: 2, rounds: 3 } },
  /** For the test that everything runs. */
  tiny: {
    data: [{ kind: "random", keys: 200, valueBytes: 100 }],
    changes: [1, 10],
    liveCommits: 10,
    burstCommits: 100,
    freshReplicas: 2,
    manyReplicas: 0,
    rttsMs: [0, 4],
    database: { kind: "datahike", store: "datahike-0.8/small", commits: 1 },
    databaseRttMs: 0,
    near: { warmUps: 0, rounds: 1 },
  },
};

function partsAt(rttMs: number, scale: Scale): PlanPart[] {
  const often = rttMs === 0 ? scale.near : { warmUps: 0, rounds: 1 };
  const random = randomWorkloads(scale);
  const parts: PlanPart[] = scale.data.map((data) => ({
    data,
    rttMs,
    ...often,
    workloads: random,
  }));
  if (rttMs > scale.databaseRttMs) return parts;
  // Its rounds are short: the code of a server that has just begun would be measured.
  const warmUps = 5 * often.warmUps;
  const workloads = databaseWorkloads(scale);
  return [...parts, { data: scale.database, rttMs, ...often, warmUps, workloads }];
}

/** Few keys, so that many replicas have room in one process. */
function manyReplicas({ manyReplicas: replicas, liveCommits, near }: Scale): PlanPart {
  const name = `live-${replicas}`;
  const commits = Math.ceil(liveCommits / 4);
  return {
    data: { kind: "random", keys: 1000, valueBytes: 1024 },
    rttMs: 0,
    ...near,
    workloads: [live({ name, replicas, commits, everyMs: 50 })],
  };
}

function randomWorkloads(scale: Scale): Workload[] {
  const { changes, liveCommits, burstCommits, freshReplicas } = scale;
  return [
    INITIAL,
    ...[0, ...changes].map(reconnect),
    reconnectDeleted(changes.at(-1) ?? 0),
    RESUME,
    live({ name: "live", replicas: 1, commits: liveCommits, everyMs: 5 }),
    burst(burstCommits),
    fresh(freshReplicas),
  ];
}

function databaseWorkloads({ database, freshReplicas }: Scale): Workload[] {
  return [
    INITIAL,
    reconnect(0),
    reconnect(1),
    liveDatabase(database.commits),
    fresh(freshReplicas),
  ];
}
