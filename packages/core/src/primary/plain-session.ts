/** Serves a subscription to a store without a walker. */
import { equals, isSyncError } from "@datahike-sync/edn";
import type { FeedState } from "../feed.ts";
import type { Have } from "../protocol.ts";
import type { Store } from "../store.ts";
import { isGood, isInHistory } from "./era.ts";
import { LiveSender, withoutOrigin } from "./live.ts";
import type { PlainFeed } from "./plain-feed.ts";
import { reconcile } from "./reconcile-plan.ts";
import { type CaughtUp, Scan, type ScanStart } from "./scan.ts";
import { readScanPosition, type ScanPosition } from "./scan-position.ts";
import type { PlainSelection } from "./selection.ts";
import { inPlace, type Session } from "./session.ts";
import type { StoreWatch } from "./store-watch.ts";

export interface PlainSession extends Session {
  readonly store: Store;
  readonly selection: PlainSelection;
  readonly watch: StoreWatch;
  readonly feed: PlainFeed;
}

/** How a replica is brought up to date. */
type Start = Exclude<ScanStart, { plan: "reconcile" }> | { readonly plan: "reconcile" };

/** Brings the replica up to date and keeps it so, again and again, until the subscription ends. */
export async function servePlain(session: PlainSession): Promise<never> {
  const { outlet, storeId, environment, selection } = session;
  const state = await session.store.feed();
  const { last } = state;
  const era = state.eras.at(-1)?.id ?? "";
  const first = startOf(state, selection, session.takeHave());
  let caught = await inPlace(session, async () => {
    const { plan } = first;
    await outlet.subscribed({ era, last, plan, selection: selection.id, total: undefined });
    environment.tell({ type: "subscribed", storeId, plan });
    return catchUp(session, first, era);
  });
  for (;;) {
    const start: Start = caught === undefined ? { plan: "reconcile" } : await live(session, caught);
    caught = await inPlace(session, () => catchUp(session, start, era));
  }
}

function startOf(state: FeedState, { id }: PlainSelection, have: Have): Start {
  const position = have.position === undefined ? undefined : readScanPosition(id, have.position);
  // Of nodes that came from a history which is lost, nobody will ever say that they are gone.
  const isTold = position !== undefined && isReached(state, position);
  if (have.position !== undefined && !isTold) return { plan: "reconcile" };
  if (have.cursor === undefined) {
    if (have.position === undefined) return { plan: "all", position: undefined };
    return position?.base === undefined ? { plan: "reconcile" } : { plan: "all", position };
  }
  const isSelected = have.selection !== undefined && equals(have.selection, id);
  if (!isSelected || !isGood(state, have.cursor)) return { plan: "reconcile" };
  const isOfChanges = position?.base === undefined;
  return { plan: "changes", from: have.cursor, position: isOfChanges ? position : undefined };
}

/** Whether the store has been where what was sent came from. */
function isReached(state: FeedState, { era, seen }: ScanPosition): boolean {
  return isInHistory(state, { era, seq: seen });
}

/** One step up to now. `undefined` when it came to nothing, because tombstones were forgotten. */
async function catchUp(
  session: PlainSession,
  start: Start,
  era: string,
): Promise<CaughtUp | undefined> {
  const { outlet, storeId, environment } = session;
  environment.tell({ type: "catching-up", storeId, plan: start.plan });
  try {
    if (start.plan === "reconcile") return await reconcile(session, era);
    return await new Scan(session, start, era).run();
  } catch (error) {
    if (!isSyncError(error, "FEED_TRUNCATED")) throw error;
    await outlet.resync("FEED_TRUNCATED");
    environment.tell({ type: "resync", storeId, reason: "FEED_TRUNCATED" });
    return undefined;
  }
}

/** Sends what is committed, until that has to end. Returns where to begin again. */
async function live(session: PlainSession, { cursor, queue, detach }: CaughtUp): Promise<Start> {
  const { outlet, storeId, environment } = session;
  try {
    await outlet.complete(cursor);
    environment.tell({ type: "live", storeId, cursor });
    const sender = new LiveSender(outlet, environment, { cursor });
    const reason = await sender.run(queue);
    await outlet.resync(reason);
    environment.tell({ type: "resync", storeId, reason });
    return { plan: "changes", from: withoutOrigin(sender.shown.cursor), position: undefined };
  } finally {
    detach();
  }
}
