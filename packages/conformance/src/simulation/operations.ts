/** What applications do in a world: they write, and ask their subscriptions for this and that. */
import { type Operation, SyncError, type Verification } from "@datahike-sync/core";
import type { Action } from "./action.ts";
import { Author } from "./author.ts";
import { type Content, isNodeKey, keyText, toValue } from "./content.ts";
import type { Dice } from "./dice.ts";
import type { Site } from "./site.ts";
import type { Tab } from "./tab.ts";
import type { World } from "./world.ts";

/** Writes to a store that others follow, by their names. */
const WRITES: Readonly<Record<string, WriteAction>> = {
  transaction: {
    weight: 30,
    think: (author, dice) => author.transaction(dice.chance(0.1) ? 700 : 0),
  },
  "old root": { weight: 5, think: (author) => author.toOldRoot("dev") },
  "force branch": { weight: 4, think: (author) => author.toOldRoot("db") },
  "delete branch": { weight: 4, deletes: true, think: (author) => author.withoutBranch() },
  "garbage collection": {
    weight: 9,
    deletes: true,
    think: (author, dice) => author.collect(dice.pick([2, 5, 50])),
  },
  "written again": { weight: 6, think: (author, _dice, graves) => author.again(graves) },
  pair: { weight: 10, think: (author) => author.pair() },
  one: { weight: 14, think: (author) => author.one() },
  "big value": { weight: 4, think: (author, dice) => author.one(dice.between(300, 900)) },
  "delete cell": { weight: 7, deletes: true, think: (author) => author.without() },
};

interface WriteAction {
  readonly weight: number;
  /** Two stores that follow each other would hand a delete, and the echo of what it deleted, round and round. */
  readonly deletes?: boolean;
  readonly think: (author: Author, dice: Dice, graves: ReadonlyMap<string, Content>) => Operation[];
}

function write(name: string, { weight, deletes = false, think }: WriteAction): Action {
  return {
    name,
    weight,
    when: ({ scenario }) => !(deletes && scenario.shape === "loop"),
    run(world, dice) {
      const sites = world.sites.filter((site) => site.isAuthor && site.tab !== undefined);
      if (sites.length === 0) return false;
      const site = dice.pick(sites);
      const tab = dice.pick(site.tabs);
      commit(world, tab, name, () => think(authorOf(world, site, dice), dice, site.graves));
      return true;
    },
  };
}

/** Several commits, one behind the other. */
const BURST: Action = {
  name: "burst",
  weight: 6,
  run(world, dice) {
    const { primary } = world;
    if (primary.tab === undefined) return false;
    const author = authorOf(world, primary, dice);
    for (let left = dice.between(2, 8); left > 0; left--) {
      commit(world, primary.tab, "burst", () =>
        dice.chance(0.5) ? author.one() : author.transaction(),
      );
    }
    return true;
  },
};

/** A follower writes a cell for itself, which may be one that is about to come. */
const OWN_WRITE: Action = {
  name: "own write of a follower",
  weight: 4,
  run(world, dice) {
    const tabs = tabsOf(world.followers);
    if (tabs.length === 0) return false;
    const tab = dice.pick(tabs);
    const key = dice.chance(0.6) ? `own${dice.below(3)}` : `c${dice.below(6)}`;
    commit(world, tab, "own write", () => {
      // An entry that sync brought is refused, which a test of stores asks for.
      if (tab.site.mirror.entries.get(key)?.origin !== undefined) return [];
      return [{ op: "set", key, value: toValue({ version: world.next(), kids: [] }) }];
    });
    return true;
  },
};

const VERIFY: Action = {
  name: "verify",
  weight: 3,
  run: (world, dice) =>
    ask(world, dice, "verify", async (tab, subscription) => {
      checkVerification(world, tab, await subscription.verify());
    }),
};

const REPAIR: Action = {
  name: "repair",
  weight: 2,
  run: (world, dice) => ask(world, dice, "repair", (_tab, subscription) => subscription.repair()),
};

const PRUNE: Action = {
  name: "prune",
  weight: 4,
  when: ({ scenario }) => scenario.prunes && scenario.kind !== "plain",
  run: (world, dice) => ask(world, dice, "prune", (_tab, subscription) => subscription.prune()),
};

const SYNCED: Action = {
  name: "synced",
  weight: 3,
  run: (world, dice) => ask(world, dice, "synced", (_tab, subscription) => subscription.synced()),
};

/** Read your writes: a follower waits for what was just written. */
const AWAIT_CURSOR: Action = {
  name: "await cursor",
  weight: 4,
  run: (world, dice) =>
    ask(world, dice, "await cursor", async (tab, subscription) => {
      const { upstream } = tab.site;
      const cursor = upstream?.history.lastCursor;
      if (upstream === undefined || cursor === undefined) return;
      const controller = new AbortController();
      // A cursor of a history that ends before it was reached is never known to be reached.
      world.later(AWAIT_MS, () => controller.abort(new SyncError("ABORTED", "too late")));
      await subscription.awaitCursor(cursor, { signal: controller.signal });
      const place = upstream.history.at(cursor);
      if (place !== undefined && tab.site.check?.hasReached(place) === false) {
        world.violate(`${tab.life.name} awaited cursor ${cursor.seq} and does not show it`);
      }
    }),
};

const RESUBSCRIBE: Action = {
  name: "subscribe again",
  weight: 5,
  run(world, dice) {
    const tabs = tabsOf(world.followers);
    if (tabs.length === 0) return false;
    const tab = dice.pick(tabs);
    world.watch(tab.life, "close of a subscription", tab.unsubscribe());
    tab.subscribe();
    return true;
  },
};

const AWAIT_MS = 60_000;

export const OPERATIONS: readonly Action[] = [
  ...Object.entries(WRITES).map(([name, action]) => write(name, action)),
  BURST,
  OWN_WRITE,
  VERIFY,
  REPAIR,
  PRUNE,
  SYNCED,
  AWAIT_CURSOR,
  RESUBSCRIBE,
];

/** A commit that is thought up when the world chooses it, from what is there then. */
export function commit(world: World, tab: Tab, name: string, think: () => Operation[]): void {
  const job = async () => {
    const operations = think();
    if (operations.length === 0) return;
    for (const { op, key } of operations) {
      const held = tab.site.mirror.entries.get(keyText(key));
      if (op !== "delete" || held === undefined || !isNodeKey(key)) continue;
      tab.site.graves.set(keyText(key), held.content);
    }
    await tab.real.write(operations);
  };
  world.watch(tab.life, name, world.gate.pass(tab.life, "change", name, job));
}

/** The author of what a site's application writes. */
export function authorOf(world: World, site: Site, dice: Dice): Author {
  const { kind, hasViews } = world.scenario;
  return new Author({
    mirror: site.mirror,
    dice,
    hasWalker: kind !== "plain",
    recycles: kind === "recycling",
    hasLevels: kind === "plain" && hasViews,
    keepsRecords: hasViews,
    prefix: site.prefix,
    next: () => world.next(),
  });
}

function ask(
  world: World,
  dice: Dice,
  name: string,
  question: (tab: Tab, subscription: NonNullable<Tab["subscription"]>) => Promise<unknown>,
): boolean {
  const tabs = tabsOf(world.followers).filter(({ subscription }) => subscription !== undefined);
  if (tabs.length === 0) return false;
  const tab = dice.pick(tabs);
  if (tab.subscription === undefined) return false;
  const answer = question(tab, tab.subscription);
  world.watch(tab.life, name, answer);
  return true;
}

/** What sync has brought is what the followed store has; nodes may be left that nobody pruned yet. */
export function checkVerification(
  world: World,
  { life, site }: Tab,
  { missing, different, extra }: Verification,
): void {
  const tooMany = site.walker === undefined ? extra : 0;
  if (missing + different + tooMany === 0 || (site.check?.own.size ?? 0) > 0) return;
  world.violate(
    `${life.name} verifies: ${missing} missing, ${different} different, ${extra} extra`,
  );
}

function tabsOf(sites: readonly Site[]): readonly Tab[] {
  return sites.flatMap(({ tabs }) => tabs);
}
