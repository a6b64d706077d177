/** The end of a run: nothing fails any more, and everybody has to come to agree. */

import { isNodeKey, keyText } from "./content.ts";
import { restart } from "./faults.ts";
import { authorOf, checkVerification, commit } from "./operations.ts";
import type { Site } from "./site.ts";
import type { World } from "./world.ts";

/** Makes peace, and checks what must hold then. */
export async function makePeace(world: World): Promise<void> {
  world.say("* peace");
  heal(world);
  await repairWorld(world);
  const { kind, shape } = world.scenario;
  // With more who follow, each has to wait for the others, not for those who write.
  const isAlone = kind === "walker" && (shape === "one" || shape === "tabs");
  if (isAlone && world.dice.chance(0.4)) await keepWriting(world);
  if (world.violation !== undefined) return;
  await untilAgreed(world);
  if (world.violation !== undefined) return;
  await writeOnce(world);
  await untilAgreed(world);
  if (world.violation !== undefined) return;
  await verifyAll(world);
  await pruneAll(world);
  if (world.violation !== undefined) return;
  await closeAll(world);
}

function heal(world: World): void {
  world.tap.clear();
  world.network.heal();
  for (const site of world.sites) {
    site.ambush = undefined;
    site.rights.isAllowed = true;
  }
}

/**
 * Under a walker nobody has to wait for a pause of those who write: pins are sent to their end. Of a
 * store without one a scan has to meet the end, which moves.
 */
async function keepWriting(world: World): Promise<void> {
  world.say("* peace, and somebody who writes");
  const waiting = new Set(world.primary.followers);
  for (let events = 0; events < PATIENCE_EVENTS && waiting.size > 0; events++) {
    if (world.violation !== undefined) return;
    if (events % EVENTS_PER_WRITE === 0) await writeOnce(world);
    const { ready } = world;
    // Time goes on too, or nobody who waits for a timer or a message would ever come to it.
    const isSoon = world.nextAt < world.timeline.now + 100;
    const isNext = events % (isSoon ? 2 : EVENTS_PER_WAIT) === 1;
    if (ready.length > 0 && !isNext) await world.happen(world.dice.pick(ready));
    else await world.pass();
    for (const site of waiting) {
      if (site.tabs.some(({ subscription }) => subscription?.status.phase === "live")) {
        waiting.delete(site);
      }
    }
    if (events % 100 === 0) await repairWorld(world);
  }
  // Who has no line, or waits to dial again, has not begun.
  const late = Array.from(waiting).filter(({ tab }) => {
    return tab?.subscription?.status.phase === "syncing";
  });
  if (late.length === 0) return;
  world.violate(`no end of catching up: ${late.map(({ name }) => name).join(", ")}`);
}

/** Lets things happen until all agree, which must not take for ever. */
async function untilAgreed(world: World): Promise<void> {
  const endsAt = world.timeline.now + PATIENCE_MS;
  let wrong: string | undefined = "nothing was compared";
  for (let left = PATIENCE_EVENTS; left > 0 && world.violation === undefined; left--) {
    const ready = world.ready;
    if (ready.length > 0) {
      await world.happen(world.dice.pick(ready));
      continue;
    }
    await repairWorld(world);
    if (world.ready.length > 0) continue;
    wrong = disagreement(world);
    if (wrong === undefined) return;
    if (world.timeline.now > endsAt || !(await world.pass())) break;
  }
  world.violate(`no agreement in peace: ${wrong}`);
}

/** What operators do: they start what has ended, and subscribe again where that has failed. */
async function repairWorld(world: World): Promise<void> {
  for (const site of world.sites) {
    await restart(world, site);
    for (const tab of site.tabs) {
      if (site.isServing && tab.registration === undefined) tab.register();
      const phase = tab.subscription?.status.phase;
      if (phase !== "failed" && phase !== "closed") continue;
      world.watch(tab.life, "close of a subscription", tab.unsubscribe());
      tab.subscribe();
    }
  }
  await world.quiet();
}

function disagreement(world: World): string | undefined {
  if (world.scenario.shape === "loop" && world.followers.length < 2) return "the loop is open";
  for (const site of world.followers) {
    const wrong = site.check?.checkEnd(site.mirror) ?? nodesMissing(site);
    if (wrong !== undefined) return `${site.name} ${wrong}`;
    const [here, there] = [site.standing?.cursor?.seq, site.upstream?.history.lastCursor?.seq];
    if (here !== there) return `${site.name} stands at ${here}, and ${there} is due`;
    for (const { life, subscription } of site.tabs) {
      const status = subscription?.status;
      if (status?.phase !== "live") return `${life.name} is ${status?.phase}`;
      if (!status.consistent) return `${life.name} is not consistent`;
    }
  }
  return undefined;
}

/** Without a walker a follower has every node of the followed store, and no others. */
function nodesMissing({ mirror, upstream, walker, check }: Site): string | undefined {
  if (walker !== undefined || upstream === undefined) return undefined;
  const origin = upstream.storeId.toString();
  const here = [...mirror.entries.values()].filter((held) => held.origin === origin);
  const there = [...upstream.mirror.entries.values()];
  const names = (nodes: typeof here) =>
    nodes
      .map(({ key }) => key as string)
      .filter((key) => isNodeKey(key) && check?.own.has(key) !== true)
      .sort()
      .join(" ");
  return names(here) === names(there) ? undefined : `has nodes ${names(here)}, due ${names(there)}`;
}

async function writeOnce(world: World): Promise<void> {
  const { primary, dice } = world;
  const { tab } = primary;
  if (tab === undefined) return;
  world.say("* one more commit");
  commit(world, tab, "last write", () => authorOf(world, primary, dice).transaction());
  await world.quiet();
}

async function verifyAll(world: World): Promise<void> {
  world.say("* verify");
  for (const { tabs } of world.followers) {
    for (const tab of tabs) {
      const { subscription } = tab;
      if (subscription === undefined) continue;
      const answer = subscription.verify().then((found) => checkVerification(world, tab, found));
      world.watch(tab.life, "last verify", answer);
    }
  }
  await untilAnswered(world);
}

/** After a prune a follower under a walker holds what its pointers reach, and nothing else of its own. */
async function pruneAll(world: World): Promise<void> {
  const { kind, prunes } = world.scenario;
  if (!prunes || kind === "plain") return;
  world.say("* prune");
  for (const site of world.followers) {
    const { subscription, life } = site.tab ?? {};
    if (subscription === undefined || life === undefined) continue;
    let hasPruned = false;
    const answer = subscription.prune().then(() => {
      hasPruned = true;
    });
    world.watch(life, "last prune", answer);
    await untilAnswered(world);
    // On a slow line it may learn only now that its store was unregistered, and refuse.
    if (!hasPruned) continue;
    const origin = site.upstream?.storeId.toString();
    const reached = new Set([...site.mirror.reached(), ...site.mirror.records()]);
    const left = [...site.mirror.entries.values()].filter(
      (held) => held.origin === origin && isNodeKey(held.key) && !reached.has(held.key as string),
    );
    if (left.length === 0) continue;
    world.violate(
      `${site.name} has pruned, and still has ${left.map(({ key }) => keyText(key)).join(" ")}`,
    );
  }
}

async function closeAll(world: World): Promise<void> {
  world.say("* close");
  for (const { tabs } of world.sites) {
    for (const { life, context } of tabs) world.watch(life, "close", context.close());
  }
  await untilAnswered(world);
  if (world.violation !== undefined) return;
  // Lines that were on their way out may learn a little later that they have ended.
  const endsAt = world.timeline.now + FAREWELL_MS;
  for (;;) {
    if (world.ready.length > 0) await world.happen(world.dice.pick(world.ready));
    else if (world.network.lines.length === 0 || world.timeline.now > endsAt) break;
    else if (!(await world.pass())) break;
  }
  const tabs = world.sites.flatMap((site) => site.tabs);
  const timers = tabs.reduce((sum, { life }) => sum + world.timeline.countOf(life), 0);
  const lines = world.network.openLines.length;
  if (timers + lines + world.gate.count === 0) return;
  world.violate(`after the end: ${timers} timers, ${lines} lines, ${world.gate.count} calls`);
}

async function untilAnswered(world: World): Promise<void> {
  const endsAt = world.timeline.now + PATIENCE_MS;
  await world.quiet();
  for (let left = PATIENCE_EVENTS; left > 0 && world.awaited.length > 0; left--) {
    if (world.violation !== undefined) return;
    const ready = world.ready;
    if (ready.length > 0) await world.happen(world.dice.pick(ready));
    else if (world.timeline.now > endsAt || !(await world.pass())) break;
  }
  if (world.awaited.length > 0) world.violate(`never answered: ${world.awaited.join(", ")}`);
}

/** How many things happen while nothing is due for a while. */
const EVENTS_PER_WAIT = 40;
/** So many that no walk comes to its end between two. */
const EVENTS_PER_WRITE = 12;
/** How long it may take until both ends know that a line is over, whose farewell was lost. */
const FAREWELL_MS = 100_000;
/** How long it may take to agree, of virtual time. */
const PATIENCE_MS = 600_000;
/** And how many things may happen. */
const PATIENCE_EVENTS = 8_000;
