/** What happens in a world: commits, and everything that goes wrong. */
import { TRUNK } from "./author.ts";
import type { Copy, FollowerSite } from "./follower-site.ts";
import type { SimLine } from "./line.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** Something that happens. Returns whether it could. */
type Action = (world: World, scenario: Scenario) => boolean | Promise<boolean>;

const ACTIONS: readonly (readonly [weight: number, name: string, action: Action])[] = [
  [40, "a commit", (world, scenario) => commit(world, scenario)],
  [6, "several commits", commitSeveral],
  [5, "nodes are late", (world, scenario) => commitOddly(world, scenario, "late")],
  [3, "nodes never come", (world, scenario) => commitOddly(world, scenario, "never")],
  [3, "nodes are collected too early", collectEagerly],
  [6, "a line is cut", (world) => cut(world, 0)],
  [3, "a line is half open", (world) => cut(world, 60_000)],
  [6, "a line is to be cut at a message", cutAtMessage],
  [4, "a line stands still", stall],
  [3, "the server is restarted", restart],
  [4, "a follower is killed", (world, scenario) => kill(world, scenario, false)],
  [4, "the power fails", (world, scenario) => kill(world, scenario, true)],
  [6, "a follower is waylaid", waylay],
  [5, "a follower starts", start],
  [5, "an application writes", write],
  [4, "a subscriber publishes", publish],
  [3, "a handshake is to end early", (_, scenario) => mishap(scenario, "ends early")],
  [3, "a handshake is to be given up", (_, scenario) => mishap(scenario, "hears nothing")],
  [3, "rights change", changeRights],
];

/** Does something that the weights choose. */
export async function act(world: World, scenario: Scenario): Promise<void> {
  let left = world.some(ACTIONS.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, name, action] of ACTIONS) {
    left -= weight;
    if (left >= 0) continue;
    world.say(`* ${name}`);
    if (await action(world, scenario)) world.meet(name);
    return;
  }
}

/** What every campaign has to meet. */
export const ACTION_NAMES: readonly string[] = ACTIONS.map(([, name]) => name);

function commit(world: World, { clojure, own }: Scenario): boolean {
  if (own !== undefined) {
    if (!own.isUp) return false;
    own.commit(own.author.next());
    return true;
  }
  const topic = world.random.pick([...(clojure?.topics.values() ?? [])]);
  topic.commit(topic.author.next());
  return clojure?.isUp === true;
}

function commitSeveral(world: World, scenario: Scenario): boolean {
  for (let count = 2 + world.random.below(4); count > 0; count--) commit(world, scenario);
  return true;
}

function commitOddly(world: World, { clojure }: Scenario, nodes: "late" | "never"): boolean {
  if (clojure === undefined || !clojure.isUp) return false;
  const topic = world.random.pick([...clojure.topics.values()]);
  topic.commit(topic.author.transact(world.random.pick(topic.author.branches())), nodes);
  return true;
}

/** Heads move on only after what they reach has gone: who follows has to keep it until then. */
function collectEagerly(world: World, { clojure }: Scenario): boolean {
  if (clojure === undefined || !clojure.isUp) return false;
  const topic = world.random.pick([...clojure.topics.values()]);
  const { author } = topic;
  // Of a tree that another branch reaches as well, nobody could show that branch.
  if (author.branches().length > 1) return false;
  topic.commit(author.collectEagerly(TRUNK), "in order", true);
  world.clock().after(world.some(4000), () => {
    topic.commit(author.transact(TRUNK));
  });
  return true;
}

function cut(world: World, mostMs: number): boolean {
  const line = pickLine(world);
  // One end learns of it at once, the other after a long silence.
  const lateMs = world.some(mostMs);
  if (world.chance(0.5)) line?.cut(0, lateMs);
  else line?.cut(lateMs, 0);
  return line !== undefined;
}

function cutAtMessage(world: World): boolean {
  const line = pickLine(world);
  if (line !== undefined) line.messagesLeft = 1 + world.random.below(15);
  return line !== undefined;
}

function stall(world: World): boolean {
  const line = pickLine(world);
  if (line === undefined) return false;
  line.stalledUntil = world.timeline.now + world.some(world.random.pick([500, 20_000]));
  return true;
}

function restart(world: World, { clojure, own }: Scenario): boolean {
  const server = clojure ?? own;
  if (server === undefined || !server.isUp) return false;
  server.restart(world.some(3000));
  return true;
}

function kill(world: World, scenario: Scenario, isPowerLost: boolean): boolean {
  const site = pickSite(world, scenario, true);
  site?.kill(isPowerLost);
  return site !== undefined;
}

/** Kills a follower at one of the next commits that its disk makes. */
function waylay(world: World, scenario: Scenario): boolean {
  const copy = pickCopy(world, scenario);
  if (copy === undefined) return false;
  // What was made and not told would be missing in the mirror that others go by.
  const [isPowerLost, isMade] = [world.chance(0.5), world.chance(0.5) && !copy.place.isShared];
  copy.ambush = { left: 1 + world.random.below(6), isPowerLost, isMade };
  return true;
}

async function start(world: World, scenario: Scenario): Promise<boolean> {
  const site = pickSite(world, scenario, false);
  await site?.start();
  return site !== undefined;
}

function write(world: World, scenario: Scenario): boolean {
  const copy = pickCopy(world, scenario);
  if (copy === undefined) return false;
  // Now and then a key that the server may write as well.
  const key = world.chance(0.2) ? `cell ${world.random.below(6)}` : `own ${world.random.below(3)}`;
  copy.write(key, ["own", world.trace.length]);
  return true;
}

function publish(world: World, scenario: Scenario): boolean {
  const copy = pickCopy(world, scenario);
  if (copy === undefined) return false;
  const key = `cell ${world.random.below(6)}`;
  const isDelete = copy.mirror.get(key) !== undefined && world.chance(0.3);
  const value = ["said", world.trace.length];
  return copy.publish(
    isDelete ? { op: "delete", key } : { op: "set", key, value, immutable: false },
  );
}

function mishap({ clojure }: Scenario, what: "ends early" | "hears nothing"): boolean {
  clojure?.mishaps.push(what);
  return clojure !== undefined;
}

function changeRights(world: World, { clojure, own }: Scenario): boolean {
  const served = own ?? world.random.pick([...(clojure?.topics.values() ?? [])]);
  served.isAllowed = !served.isAllowed;
  own?.refresh();
  // Nobody is kept out for long.
  world.clock().after(world.some(5000), () => {
    served.isAllowed = true;
    own?.refresh();
  });
  return true;
}

function pickLine(world: World): SimLine | undefined {
  const lines = [...world.lines].filter((line) => !line.isCut);
  return lines.length === 0 ? undefined : world.random.pick(lines);
}

function pickSite(world: World, { sites }: Scenario, isUp: boolean): FollowerSite | undefined {
  const some = sites.filter((site) => site.isUp === isUp);
  return some.length === 0 ? undefined : world.random.pick(some);
}

function pickCopy(world: World, scenario: Scenario): Copy | undefined {
  const site = pickSite(world, scenario, true);
  return site && world.random.pick(site.copies);
}
