/** What goes wrong in a world, and what its operators do. */
import type { Message } from "@datahike-sync/core";
import type { Action } from "./action.ts";
import type { Dice } from "./dice.ts";
import type { View } from "./history.ts";
import type { WorldLine } from "./line.ts";
import type { Site } from "./site.ts";
import { ALL_BRANCHES, WITH_RECORDS } from "./tree-walker.ts";
import { everything, HOUR_MS, type World } from "./world.ts";

const CUT: Action = {
  name: "cut",
  weight: 12,
  run(world, dice) {
    const lines = world.network.openLines;
    if (lines.length === 0) return false;
    cut(world, dice.pick(lines), dice);
    return true;
  },
};

/** Cuts a line when some message is sent on it: that message is lost, and everything behind it. */
const AMBUSH: Action = {
  name: "cut at a message",
  weight: 14,
  run(world, dice) {
    const type = dice.weigh<Message["type"]>([
      [4, "ack"],
      [5, "batch"],
      [1, "subscribe"],
      [1, "subscribed"],
      [1, "complete"],
      [1, "offer"],
      [1, "need"],
      [1, "resync"],
      [1, "reconcile"],
      [1, "hello"],
    ]);
    const left = dice.below(6);
    world.tap.lay({
      type,
      left,
      cut: (line) => {
        world.coverage.count(type === "ack" ? "fault: lost ack" : `fault: cut at ${type}`);
        cut(world, line, dice);
      },
    });
    return true;
  },
};

/** Only one side learns that the line is over, and the other has it beside the next. */
const HALF_OPEN: Action = {
  name: "half-open line",
  weight: 6,
  run(world, dice) {
    const lines = world.network.openLines;
    if (lines.length === 0) return false;
    const late = world.timeline.now + dice.between(1_000, 90_000);
    const soon = world.timeline.now + 1;
    const line = dice.pick(lines);
    world.say(`${line.name} is half open`);
    line.cut(
      dice.chance(0.7) ? { dialer: soon, server: late } : { dialer: late, server: soon },
      dice.chance(0.5),
    );
    return true;
  },
};

const STALL: Action = {
  name: "slow line",
  weight: 8,
  run(world, dice) {
    const lines = world.network.openLines;
    if (lines.length === 0) return false;
    dice.pick(lines).stall(world.timeline.now + dice.pick([500, 5_000, 40_000]));
    return true;
  },
};

const OUTAGE: Action = {
  name: "outage",
  weight: 3,
  run(world, dice) {
    world.network.isDown = true;
    for (const line of world.network.openLines) cut(world, line, dice);
    world.later(dice.between(100, 20_000), () => {
      world.network.isDown = false;
    });
    return true;
  },
};

const CRASH_OF_FOLLOWER: Action = {
  name: "crash of a follower",
  weight: 10,
  run: (world, dice) => crash(world, world.followers, dice),
};

const CRASH_OF_PRIMARY: Action = {
  name: "crash of a primary",
  weight: 6,
  run: (world, dice) =>
    crash(
      world,
      world.sites.filter(({ isServing }) => isServing),
      dice,
    ),
};

/** Between two commits of a step, of which there are few: by chance alone it would hardly ever happen. */
const CRASH_IN_A_STEP: Action = {
  name: "crash in a step",
  weight: 6,
  run(world, dice) {
    const site = dice.pick(world.followers);
    site.ambush = () => {
      world.coverage.count("fault: crash in a step");
      crash(world, [site], dice);
    };
    return true;
  },
};

/** One tab of several is closed, without a word. */
const CLOSE_TAB: Action = {
  name: "end of a tab",
  weight: 3,
  run(world, dice) {
    const sites = world.sites.filter(({ tabs }) => tabs.length > 1);
    if (sites.length === 0) return false;
    world.kill(dice.pick(dice.pick(sites).tabs), dice.between(1, 2_000));
    return true;
  },
};

/** One more opens the same store: of a follower it follows too, of a primary it writes. */
const OPEN_TAB: Action = {
  name: "another tab",
  weight: 6,
  async run(world, dice) {
    const sites = world.sites.filter(({ tabs }) => {
      return tabs.length === 1 && tabs[0]?.real.capabilities.shared;
    });
    if (sites.length === 0) return false;
    await world.start(dice.pick(sites));
    return true;
  },
};

const SKEW: Action = {
  name: "clock set",
  weight: 4,
  run(world, dice) {
    world.skew(dice.pick(world.sites), dice.between(-5 * HOUR_MS, 5 * HOUR_MS));
    return true;
  },
};

const COMPACT: Action = {
  name: "compaction",
  weight: 8,
  run(world, dice) {
    const sites = world.sites.filter(({ tab }) => tab !== undefined);
    if (sites.length === 0) return false;
    const site =
      dice.chance(0.7) && world.primary.tab !== undefined ? world.primary : dice.pick(sites);
    const { tab } = site;
    if (tab === undefined) return false;
    world.watch(tab.life, "compaction", tab.store.compact());
    return true;
  },
};

/** Somebody may see less, more, or nothing from now on. */
const RIGHTS: Action = {
  name: "rights changed",
  weight: 6,
  run(world, dice) {
    const { hasViews } = world.scenario;
    const site = dice.pick(world.followers);
    const { rights, upstream } = site;
    if (hasViews && dice.chance(0.7)) {
      rights.views.push(drawView(world, dice));
      rights.isAllowed = true;
    } else rights.isAllowed = !rights.isAllowed || dice.chance(0.3);
    world.say(`${site.name} may see ${rights.isAllowed ? rights.views.at(-1)?.id : "nothing"}`);
    for (const { registration } of upstream?.tabs ?? []) registration?.refresh();
    return true;
  },
};

const UNREGISTER: Action = {
  name: "unregister",
  weight: 2,
  run(world, dice) {
    const tabs = world.sites.flatMap(({ tabs }) => tabs.filter((tab) => tab.registration));
    if (tabs.length === 0) return false;
    const tab = dice.pick(tabs);
    tab.unregister();
    world.later(dice.between(1, 3_000), () => {
      if (!tab.life.isOver && tab.registration === undefined) tab.register();
    });
    return true;
  },
};

const BACKUP: Action = {
  name: "backup",
  weight: 4,
  // Two stores that follow each other and have both forgotten it wait for each other.
  when: ({ opening, scenario }) => opening.backup !== undefined && scenario.shape !== "loop",
  run(world, dice) {
    const site = dice.pick(world.sites);
    const restore = world.opening.backup?.(site.place);
    if (restore !== undefined) site.backup = restore;
    return restore !== undefined;
  },
};

const RESTORE: Action = {
  name: "restore",
  weight: 5,
  when: ({ opening }) => opening.backup !== undefined,
  run(world, dice) {
    const sites = world.sites.filter(({ backup }) => backup !== undefined);
    if (sites.length === 0) return false;
    const site = dice.pick(sites);
    end(world, site, dice);
    site.backup?.();
    world.moveClockOn(site.place);
    site.check?.forget();
    world.say(`${site.name} is restored`);
    world.later(dice.between(1, 2_000), () => restart(world, site));
    return true;
  },
};

export const FAULTS: readonly Action[] = [
  CUT,
  AMBUSH,
  HALF_OPEN,
  STALL,
  OUTAGE,
  CRASH_OF_FOLLOWER,
  CRASH_OF_PRIMARY,
  CRASH_IN_A_STEP,
  CLOSE_TAB,
  OPEN_TAB,
  SKEW,
  COMPACT,
  RIGHTS,
  UNREGISTER,
  BACKUP,
  RESTORE,
];

/** What somebody may see from now on. */
function drawView({ scenario }: World, dice: Dice): View {
  const level = dice.below(3);
  const all = everything(scenario.kind);
  if (scenario.kind === "plain") {
    if (level === 2) return all;
    return { id: `level ${level}`, sees: (_key, needed) => needed <= level };
  }
  // A relay has no records for those who would follow it.
  const hasRecords = isDirect(scenario) && dice.chance(0.4);
  const branches = [["db"], ["db", "dev"], [ALL_BRANCHES]][level] ?? [];
  const names = hasRecords ? [...branches, WITH_RECORDS] : branches;
  const keys = new Set([":branches", ...branches.map((name) => `:${name}`)]);
  const sees = level === 2 ? all.sees : (key: string) => keys.has(key);
  return { id: names.join(" "), names, hasRecords, sees };
}

/** Whether all follow the same store, which is written there. */
function isDirect({ shape }: World["scenario"]): boolean {
  return shape !== "relay" && shape !== "chain" && shape !== "loop";
}

/** Starts what is to run at a site, unless somebody else has done so. */
export async function restart(world: World, site: Site): Promise<void> {
  if (site.tabs.length === 0) await world.start(site);
}

function cut(world: World, line: WorldLine, dice: Dice): void {
  const { now } = world.timeline;
  world.say(`${line.name} is cut`);
  line.cut(
    { dialer: now + dice.between(1, 200), server: now + dice.between(1, 200) },
    dice.chance(0.4),
  );
}

/** Everything that runs at a site ends, and begins again later. */
function crash(world: World, sites: readonly Site[], dice: Dice): boolean {
  const running = sites.filter(({ tabs }) => tabs.length > 0);
  if (running.length === 0) return false;
  const site = dice.pick(running);
  end(world, site, dice);
  if (dice.chance(0.7)) world.failPower(site);
  world.say(`${site.name} crashes`);
  world.later(dice.between(1, 3_000), () => restart(world, site));
  return true;
}

function end(world: World, { tabs }: Site, dice: Dice): void {
  // Whoever is at the other end of its lines learns of it at once, or by himself when nothing comes.
  const tellsAfterMs = dice.chance(0.8) ? dice.between(1, 500) : dice.between(30_000, 120_000);
  for (const tab of Array.from(tabs)) world.kill(tab, tellsAfterMs);
}
