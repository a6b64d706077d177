/** The end of a world: nothing fails any more, and everybody has to show what the server has. */
import { identity, isKind } from "@datahike-sync/edn";
import type { StoreChange } from "@datahike-sync/transport-kabel";
import type { Author } from "./author.ts";
import { keyText } from "./changes-text.ts";
import { isNamed } from "./follower-check.ts";
import type { Copy } from "./follower-site.ts";
import type { OwnServer } from "./own-server.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

const MOST_MS = 1_200_000;

export async function makePeace(world: World, scenario: Scenario): Promise<void> {
  const { clojure, own, sites } = scenario;
  world.say("peace");
  world.latencyMs = 5;
  if (clojure !== undefined) clojure.mishaps.length = 0;
  for (const site of sites) for (const copy of site.copies) copy.ambush = undefined;
  for (const { isAllowed } of clojure?.topics.values() ?? [])
    if (!isAllowed) await world.pass(5000);
  for (const line of world.lines) {
    line.stalledUntil = 0;
    line.messagesLeft = Number.POSITIVE_INFINITY;
  }
  await world.pass(5000);
  for (const site of sites) if (!site.isUp) await site.start();
  // A head that lacks what was collected too early nobody could ever show.
  for (const topic of clojure?.topics.values() ?? []) {
    for (const branch of topic.author.branches()) topic.commit(topic.author.transact(branch));
  }
  do {
    await agree(world, scenario, "as they are");
  } while ([...world.lines].some((line) => line.isTruncated && !line.isCut));
  // Everybody makes one more handshake, which no mishap befalls.
  for (const line of world.lines) line.end();
  await world.pass(5000);
  await agree(world, scenario, "after a handshake");
  checkCounts(world, scenario);
  world.isCalm = true;
  if (own !== undefined) await lastWords(world, scenario, (changes) => own.commit(changes), own);
  for (const topic of clojure?.topics.values() ?? []) {
    world.isCalm = true;
    await lastWords(world, scenario, (changes, nodes) => topic.commit(changes, nodes), topic);
  }
  if (world.violation === undefined) await end(world, scenario);
}

/** Commits that everybody hears: what they delete has to go. */
async function lastWords(
  world: World,
  scenario: Scenario,
  commit: (changes: readonly StoreChange[], nodes: "in order" | "late" | "never") => void,
  { author }: { readonly author: Author },
): Promise<void> {
  commit([{ op: "set", key: "last", value: 1, immutable: false }], "in order");
  await agree(world, scenario, "after a handshake");
  commit(author.transact(world.random.pick(author.branches())), "late");
  await agree(world, scenario, "after a handshake");
  world.isCalm = false;
  commit(author.transact(world.random.pick(author.branches())), "never");
  await world.pass(100);
  commit([{ op: "delete", key: "last" }], "in order");
  await agree(world, scenario, "at last");
}

async function agree(world: World, { own, sites }: Scenario, when: Moment): Promise<void> {
  const until = world.timeline.now + MOST_MS;
  const copies = sites.flatMap((site) => site.copies);
  for (;;) {
    // One that began before there was peace may end early after it.
    cutTruncated(world);
    const wrong = copies
      .map((copy) => differenceOf(copy, own, when))
      .find((one) => one !== undefined);
    if (wrong === undefined || world.violation !== undefined) return;
    if (world.timeline.now >= until) return world.violate(`no agreement: ${wrong}`);
    await world.pass(200);
  }
}

/** Of a handshake that was ended early a client cannot know. */
function cutTruncated(world: World): void {
  for (const line of world.lines) if (line.isTruncated) line.cut();
}

/** What a handshake did not mention is counted, and nothing else. */
function checkCounts(world: World, { sites }: Scenario): void {
  for (const copy of sites.flatMap((site) => site.copies)) {
    const { place, site, following, mirror } = copy;
    // A relay may be behind; and without a walker nodes are counted as well.
    if (sites.some((relay) => relay === site.options.host) || !site.options.isWalked) continue;
    const truth = place.truth();
    const extra = [...mirror.entries].filter(
      ([id, [key]]) => !mirror.own.has(id) && !isKind(key, "uuid") && !truth.entries.has(id),
    );
    const { unconfirmed = 0 } = following?.status ?? {};
    if (unconfirmed !== extra.length) {
      world.violate(
        `${site.life.name} has ${extra.length} cells too many, and counts ${unconfirmed}`,
      );
    }
  }
}

/** How many nodes a copy has that are nowhere at the server. */
function garbageOf({ mirror, site }: Copy, own: OwnServer): number {
  if (!site.options.isWalked) return 0;
  const ids = [...mirror.entries].filter(([, [key]]) => isKind(key, "uuid"));
  return ids.filter(([id]) => !own.truth.entries.has(id)).length;
}

/** What of a copy is not as it is at whom it follows. */
function differenceOf(copy: Copy, own: OwnServer | undefined, when: Moment): string | undefined {
  const { mirror, site, following } = copy;
  const truth = copy.place.truth();
  const { name } = site.life;
  if (following?.status.phase !== "live") return `${name} is ${following?.status.phase}`;
  if (!following.status.consistent) return `${name} is not consistent`;
  let extra = 0;
  for (const [id, [key, value]] of mirror.entries) {
    if (mirror.own.has(id) || isKind(key, "uuid")) continue;
    const there = truth.entries.get(id);
    if (there === undefined) {
      if (site.options.isWalked && isKind(key, "keyword"))
        return `${name} still has ${keyText(key)}`;
      if (when === "at last" && key === "last") return `${name} was not told of a delete`;
      extra++;
    } else if (identity(there[1]) !== identity(value)) {
      return `${name} has another ${keyText(key)}`;
    }
  }
  const { unconfirmed } = following.status;
  if (extra > unconfirmed) return `${name} has ${extra} cells too many, and knows ${unconfirmed}`;
  // Which nodes are gone our own server tells at each handshake, and they are swept away.
  const garbage =
    when === "as they are" ||
    own === undefined ||
    own.shown !== truth ||
    site.options.limits.maxReported !== undefined
      ? 0
      : garbageOf(copy, own);
  if (garbage > 0) return `${name} keeps ${garbage} nodes that are gone`;
  for (const [id, [key]] of truth.entries) {
    if (isKind(key, "uuid") || mirror.entries.has(id)) continue;
    // Of a head that no set of branches names a walker knows nothing.
    const isNeeded = !site.options.isWalked || !isKind(key, "keyword") || isNamed(truth, key);
    if (isNeeded) return `${name} lacks ${keyText(key)}`;
  }
  return undefined;
}

/** Since when nothing has failed. */
type Moment = "as they are" | "after a handshake" | "at last";

/** Everybody goes home, and leaves nothing behind. */
async function end(world: World, { clojure, own, sites }: Scenario): Promise<void> {
  for (const site of sites.toReversed()) {
    let isClosed = false;
    void site.close().then(() => {
      isClosed = true;
    });
    await world.pass(60_000);
    if (!isClosed) return world.violate(`${site.life.name} does not close`);
    const timers = world.timeline.countOf(site.life);
    if (timers > 0) return world.violate(`${site.life.name} leaves ${timers} timers`);
  }
  let isClosed = false;
  void (own?.close() ?? Promise.resolve()).then(() => {
    isClosed = true;
  });
  await world.pass(60_000);
  if (!isClosed) return world.violate("the server does not close");
  const left = own === undefined ? 0 : world.timeline.countOf(own.life);
  if (left > 0) world.violate(`the server leaves ${left} timers`);
  if (clojure !== undefined) clojure.life.isOver = true;
}
