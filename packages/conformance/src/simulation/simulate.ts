/** One run: a scenario from a seed, a time of trouble, then peace, in which everybody has to agree. */
import type { Action } from "./action.ts";
import type { OpenCable } from "./cable.ts";
import type { Coverage } from "./coverage.ts";
import { Dice } from "./dice.ts";
import type { Engine } from "./engine.ts";
import { FAULTS } from "./faults.ts";
import { settle } from "./layout.ts";
import { diskOpening, type Opening } from "./opening.ts";
import { OPERATIONS } from "./operations.ts";
import { makePeace } from "./peace.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import type { OpenWire } from "./socket-line.ts";
import { World } from "./world.ts";

/** Without `open`, the engine makes stores on disks in memory. */
export interface SimulationOptions extends Partial<Opening> {
  readonly seed: number;
  readonly engine: Engine;
  /** Opens real lines, through which all messages go. Default: none. */
  readonly line?: OpenCable | undefined;
  /**
   * Opens real lines that can be cut, in place of the world's own: then the seed decides what is done, and
   * not in which order messages arrive. Default: none.
   */
  readonly wire?: OpenWire | undefined;
  /** The numbers of the planned actions that are done. Default: all. */
  readonly keep?: readonly number[] | undefined;
  /** Makes other choices between what can happen. Default 0. */
  readonly salt?: number | undefined;
}

export interface SimulationResult {
  readonly seed: number;
  readonly scenario: Scenario;
  /** How many actions were planned. */
  readonly actions: number;
  /** What happened, each with its time in milliseconds. */
  readonly trace: readonly string[];
  readonly coverage: Coverage;
  /** What must hold and did not. */
  readonly violation: string | undefined;
}

/** Runs one seed. The same options give the same trace. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, engine, keep, salt = 0 } = options;
  const dice = new Dice(seed);
  const scenario = drawScenario(dice);
  const { open, crash, backup } = options;
  const opening =
    open === undefined
      ? diskOpening(engine, new Dice(seed, 77), scenario.crashes)
      : { open, ...(crash && { crash }), ...(backup && { backup }) };
  const lines = { openCable: options.line, openWire: options.wire };
  const world = new World({ seed, salt, engine, opening, scenario, ...lines });
  const plan = drawPlan(world, dice);
  const kept = plan.filter((_, index) => keep === undefined || keep.includes(index));
  world.say(describe(scenario));
  try {
    await settle(world);
    await world.quiet();
    await trouble(world, kept);
    if (world.violation === undefined) await makePeace(world);
  } catch (error) {
    world.violate(`the run threw ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    await world.end();
  }
  const { trace, coverage, violation } = world;
  return { seed, scenario, actions: plan.length, trace, coverage, violation };
}

/** An action with dice of its own: it does the same whatever else is done. */
interface Planned {
  readonly action: Action;
  readonly dice: Dice;
}

function drawPlan(world: World, dice: Dice): Planned[] {
  const isSensible = ({ when }: Action) => when === undefined || when(world);
  const weighed = (actions: readonly Action[]) =>
    actions.filter(isSensible).map((action) => [action.weight, action] as const);
  const [operations, faults] = [weighed(OPERATIONS), weighed(FAULTS)];
  // Some worlds are calm, others are not.
  const shareOfFaults = dice.pick([0.1, 0.25, 0.45]);
  return Array.from({ length: world.scenario.actions }, () => {
    const action = dice.weigh(dice.chance(shareOfFaults) ? faults : operations);
    return { action, dice: new Dice(dice.below(2 ** 31)) };
  });
}

async function trouble(world: World, plan: readonly Planned[]): Promise<void> {
  const { dice, scenario } = world;
  for (const { action, dice: own } of plan) {
    while (!dice.chance(scenario.haste) && (await happen(world))) {
      if (world.violation !== undefined) return;
    }
    world.say(`* ${action.name}`);
    if (await action.run(world, own)) world.coverage.count(`action: ${action.name}`);
    await world.quiet();
    if (world.violation !== undefined) return;
  }
}

/** One thing that can happen, or time that goes on. Returns false when there is neither. */
async function happen(world: World): Promise<boolean> {
  const { dice, scenario } = world;
  const ready = world.ready;
  if (ready.length === 0 || dice.chance(scenario.impatience)) return world.pass();
  await world.happen(dice.pick(ready));
  return true;
}

function describe({ limits, latency, ...scenario }: Scenario): string {
  return JSON.stringify({ ...scenario, ...limits, latency: `${latency.least}-${latency.most}` });
}
