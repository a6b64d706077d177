/** Serves a subscription to a store with a walker. */
import { type Edn, equals } from "@datahike-sync/edn";
import type { Have, ResyncReason, Total } from "../protocol.ts";
import { LiveSender, withoutOrigin } from "./live.ts";
import type { LiveStep } from "./live-step.ts";
import { missingSide } from "./nodes.ts";
import type { Held } from "./pin-history.ts";
import type { Pins } from "./pins.ts";
import type { WalkedSelection } from "./selection.ts";
import { inPlace, type Session } from "./session.ts";
import { StepQueue } from "./step-queue.ts";
import { readWalkPosition } from "./walk-position.ts";
import {
  type BegunWalk,
  NOTHING,
  WalkedCatchUp,
  type WalkSide,
  type WalkStart,
} from "./walked-catch-up.ts";
import type { WalkedFeed } from "./walked-feed.ts";
import { makeStep } from "./walked-step.ts";
import type { WalkedStore } from "./walked-store.ts";

export interface WalkedSession extends Session {
  readonly walked: WalkedStore;
  readonly selection: WalkedSelection;
  readonly feed: WalkedFeed;
}

/** Brings the replica up to date and keeps it so, again and again, until the subscription ends. */
export async function serveWalked(session: WalkedSession): Promise<never> {
  const { outlet, storeId, environment, selection, walked } = session;
  const { era, seq: last } = await walked.source.cursor();
  const plan = "diff";
  let pins = await inPlace(session, async () => {
    const start = await startOf(session, session.takeHave());
    const total = await totalOf(session, start);
    await outlet.subscribed({ era, last, plan, selection: selection.id, total });
    environment.tell({ type: "subscribed", storeId, plan });
    return catchUp(session, start);
  });
  for (;;) {
    const shown = await live(session, pins);
    pins = await inPlace(session, () => catchUp(session, startFrom(shown)));
  }
}

async function startOf(session: WalkedSession, have: Have): Promise<WalkStart> {
  const { cursor, position } = have;
  if (cursor === undefined && position === undefined) {
    return { shown: undefined, held: NOTHING, begun: undefined };
  }
  const begun = position === undefined ? undefined : await begunWalk(session, position);
  // What a walk has brought that can no longer be told, nobody knows: it is offered, not sent again.
  if (position !== undefined && begun === undefined) {
    return { shown: undefined, held: undefined, begun };
  }
  if (cursor === undefined) return { shown: undefined, held: begun?.from, begun };
  const held = await heldBy(session, have);
  if (held === undefined) return { shown: undefined, held, begun: undefined };
  return { shown: { cursor, keys: held.keys }, held, begun };
}

/**
 * How much a replica gets that has nothing: the branches of the trees name everything else. Of any other
 * it would take a second comparison to know.
 */
async function totalOf(
  { walked, selection: { walker }, outlet: { signal } }: WalkedSession,
  { held, begun }: WalkStart,
): Promise<Total | undefined> {
  if (held !== NOTHING || begun !== undefined) return undefined;
  try {
    const { states } = await walked.pin(walker, signal);
    let entries = states.length;
    for await (const _key of walker.diff(walked.source.store, [], states, { signal })) entries++;
    return { entries, bytes: undefined };
  } catch (error) {
    // Collected while they were counted: what is sent is what the pointers reach then.
    if (missingSide(error) === undefined) throw error;
    return undefined;
  }
}

function startFrom({ cursor, entries, states, tokens }: Pins): WalkStart {
  const keys = entries.map(({ key }) => key);
  const shown = { cursor: withoutOrigin(cursor), keys };
  return { shown, held: { states, tokens }, begun: undefined };
}

async function heldBy(
  { walked, selection: { id, walker } }: WalkedSession,
  { selection, tokens }: Have,
): Promise<Held | undefined> {
  if (selection === undefined || !equals(selection, id) || tokens === undefined) return undefined;
  return walked.history.resolve(tokens, walker);
}

async function begunWalk(
  { walked, selection: { id, walker } }: WalkedSession,
  position: Edn,
): Promise<BegunWalk | undefined> {
  const read = readWalkPosition(id, position);
  if (read === undefined) return undefined;
  const resolve = async (tokens: Edn): Promise<WalkSide | undefined> =>
    tokens === null ? NOTHING : walked.history.resolve(tokens, walker);
  const from = await resolve(read.from);
  const to = await resolve(read.to);
  if (from === undefined || to === undefined) return undefined;
  return { from, to, count: read.count, fingerprint: read.fingerprint };
}

async function catchUp(session: WalkedSession, start: WalkStart): Promise<Pins> {
  session.environment.tell({ type: "catching-up", storeId: session.storeId, plan: "diff" });
  return new WalkedCatchUp(session, start).run();
}

/** Sends what the pointers become, until that has to end. Resolves to what the replica shows then. */
async function live(session: WalkedSession, pins: Pins): Promise<Pins> {
  const { outlet, storeId, environment, feed } = session;
  const { cursor } = pins;
  const queue = new StepQueue(environment.limits, () => outlet.bell.ring());
  const sender = new LiveSender(outlet, environment, { cursor, pins });
  try {
    await outlet.complete(cursor);
    environment.tell({ type: "live", storeId, cursor });
    const current = await feed.join(pins, queue, outlet.signal);
    const first = current === pins ? undefined : await stepBetween(session, pins, current);
    if (typeof first === "object") await sender.send(first);
    const reason = typeof first === "string" ? first : await sender.run(queue);
    await outlet.resync(reason);
    environment.tell({ type: "resync", storeId, reason });
    return sender.shown.pins ?? pins;
  } finally {
    feed.leave(queue);
  }
}

/** The step to where those are who follow already; why not, where it cannot be made. */
async function stepBetween(
  { walked, selection, bodies, outlet }: WalkedSession,
  from: Pins,
  to: Pins,
): Promise<LiveStep | ResyncReason> {
  try {
    const options = { walked, selection, bodies, signal: outlet.signal };
    const step = await makeStep(from, to, options);
    if (typeof step !== "string") return step;
    return step === "oversized" ? "SLOW_REPLICA" : "FEED_TRUNCATED";
  } catch (error) {
    if (missingSide(error) === undefined) throw error;
    return "FEED_TRUNCATED";
  }
}
