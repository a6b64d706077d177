/** What a run is about: who follows whom, under which limits, and what is done to them. All of it from the seed. */
import type { SyncLimits } from "@datahike-sync/core";
import type { Dice } from "./dice.ts";
import type { Latency } from "./network.ts";

/** What the stores hold: entries as they come, trees under a walker, or trees whose keys are used again. */
export type Kind = "plain" | "walker" | "recycling";

export type Shape = "one" | "two" | "many" | "tabs" | "relay" | "chain" | "loop";

export interface Scenario {
  readonly kind: Kind;
  readonly shape: Shape;
  /** Whether what followers see depends on who they are. */
  readonly hasViews: boolean;
  /** Whether stores lose what was not synced when the power fails. */
  readonly crashes: boolean;
  readonly prunes: boolean;
  readonly limits: Partial<SyncLimits>;
  readonly latency: Latency;
  readonly maxQueueBytes: number;
  /** How likely it is that time goes on although something could be done. */
  readonly impatience: number;
  /** How likely the next thing to be done is one of the planned actions. */
  readonly haste: number;
  readonly actions: number;
}

export function drawScenario(dice: Dice): Scenario {
  const kind = dice.weigh<Kind>([
    [45, "plain"],
    [40, "walker"],
    [15, "recycling"],
  ]);
  const shape = dice.weigh<Shape>([
    [40, "one"],
    [10, "two"],
    [8, "many"],
    [16, "tabs"],
    [14, "relay"],
    [4, "chain"],
    [kind === "plain" ? 8 : 0, "loop"],
  ]);
  return {
    kind,
    shape,
    hasViews: dice.chance(0.4) && shape !== "loop",
    // A write that power takes away is a delete for those who follow, and loops end no echo of one.
    crashes: dice.chance(0.35) && shape !== "loop",
    prunes: dice.chance(0.6),
    limits: { ...drawLimits(dice), ...(shape === "loop" && IN_ONE_COMMIT) },
    latency: dice.pick([
      { least: 1, most: 5 },
      { least: 5, most: 60 },
      { least: 50, most: 900 },
    ]),
    maxQueueBytes: dice.pick([40_000, 2 ** 20]),
    impatience: dice.pick([0, 0.01, 0.04]),
    haste: dice.pick([0.05, 0.1, 0.2]),
    actions: dice.between(30, 50),
  };
}

/** Two stores that follow each other, and are both in the middle of a step, would wait for each other. */
const IN_ONE_COMMIT: Partial<SyncLimits> = { stageBytes: 1_000_000, maxCommitBytes: 1_000_000 };

/** So small that a short run meets each of them. */
function drawLimits(dice: Dice): Partial<SyncLimits> {
  return {
    batchOperations: dice.pick([1, 2, 3, 5, 50]),
    batchBytes: dice.pick([150, 400, 100_000]),
    windowBytes: dice.pick([200, 600, 2_000, 50_000]),
    stageBytes: dice.pick([1, 100, 400, 1_000_000]),
    maxCommitBytes: dice.pick([100, 400, 1_000_000]),
    queueEntries: dice.pick([1, 2, 4, 100]),
    queueBytes: dice.pick([300, 2_000, 1_000_000]),
    pointerHistory: dice.pick([1, 2, 8, 64]),
    maxCatchingUp: dice.pick([1, 2, 64]),
  };
}
