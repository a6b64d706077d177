/** One run: a scenario from a seed, a time of trouble, then peace, in which everybody has to agree. */
import { act } from "./faults.ts";
import { makePeace } from "./peace.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { World } from "./world.ts";

export interface Simulated {
  readonly seed: number;
  readonly violation: string | undefined;
  readonly trace: readonly string[];
  /** How often each thing happened. */
  readonly met: ReadonlyMap<string, number>;
}

/** Runs one seed. The same seed gives the same trace. */
export async function simulate(seed: number): Promise<Simulated> {
  const world = new World(seed);
  const stop = onUnhandled((error) => world.violate(`nobody took: ${describe(error)}`));
  let scenario: Scenario | undefined;
  try {
    scenario = await drawScenario(world);
    for (const site of scenario.sites) await site.start();
    await trouble(world, scenario);
    if (world.violation === undefined) await makePeace(world, scenario);
  } catch (error) {
    world.violate(`the run threw ${describe(error)}`);
  } finally {
    stop();
    for (const site of scenario?.sites ?? []) site.life.isOver = true;
  }
  const { violation, trace, met } = world;
  return { seed, violation, trace, met };
}

async function trouble(world: World, scenario: Scenario): Promise<void> {
  const pace = world.random.pick([20, 200, 2000]);
  for (let actions = 8 + world.random.below(28); actions > 0; actions--) {
    await world.pass(world.some(world.chance(0.1) ? pace * 10 : pace));
    if (world.violation !== undefined) return;
    await act(world, scenario);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.stack}` : String(error);
}

/** Tells of promises that nobody took, in Node and in pages. Returns what stops it. */
function onUnhandled(listener: (error: unknown) => void): () => void {
  if (typeof process === "object" && typeof process.on === "function") {
    process.on("unhandledRejection", listener);
    return () => process.off("unhandledRejection", listener);
  }
  const onEvent = (event: PromiseRejectionEvent) => listener(event.reason);
  globalThis.addEventListener("unhandledrejection", onEvent);
  return () => globalThis.removeEventListener("unhandledrejection", onEvent);
}
