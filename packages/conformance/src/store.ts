/** @packageDocumentation What a store has to do, as tests: its contract in `@datahike-sync/core`. */
import type { Capabilities } from "@datahike-sync/core";
import type { EdnArbitraryOptions } from "@datahike-sync/edn/arbitrary";
import * as crash from "./store/crash-cases.ts";
import * as entry from "./store/entry-cases.ts";
import * as event from "./store/event-cases.ts";
import * as feed from "./store/feed-cases.ts";
import * as life from "./store/life-cases.ts";
import { anyCalls } from "./store/model-case.ts";
import * as opener from "./store/opener-cases.ts";
import * as standing from "./store/standing-cases.ts";
import { StoreContext, type StoreSubject, type StoreWorld } from "./store/subject.ts";
import * as write from "./store/write-cases.ts";
import {
  type Cases,
  DEFAULT_RUNS,
  DEFAULT_TIMEOUT_MS,
  declareCases,
  type SuiteOptions,
} from "./suite.ts";

export type { StoreSubject, StoreWorld } from "./store/subject.ts";
export type { SuiteOptions, TestFunction } from "./suite.ts";

/** The cases of this suite. Which are declared, the options say. */
export type StoreCase =
  | EntryCase
  | StandingCase
  | FeedCase
  | SharedCase
  | ExclusiveCase
  | CrashCase;

type EntryCase =
  | "capabilities"
  | "absent"
  | "empty-values"
  | "keys-apart"
  | "equal-keys"
  | "all-values"
  | "large-values"
  | "metadata"
  | "encoded-values"
  | "own-values"
  | "keys-list"
  | "keys-under-writes"
  | "in-order"
  | "no-change"
  | "small-changes"
  | "immutable-keys"
  | "misuse"
  | "updates"
  | "clock-forward"
  | "versions-apart"
  | "pins"
  | "reopened"
  | "closed"
  | "close-waits"
  | "aborted"
  | "destroyed";

type StandingCase =
  | "read-many"
  | "concurrent-writes"
  | "events-tell"
  | "events-after-commit"
  | "events-owned"
  | "standings"
  | "revisions"
  | "origins"
  | "origin-told"
  | "stages"
  | "any-calls";

type FeedCase =
  | "rows-in-order"
  | "rows-move"
  | "tombstones"
  | "limits"
  | "compaction"
  | "truncated"
  | "scan-meets-end"
  | "eras";

type SharedCase = "openers-together" | "openers-standings" | "openers-see-at-once";

type ExclusiveCase = "locked";

type CrashCase = "crash-whole" | "crash-after-event" | "crash-era";

export interface StoreSuiteOptions extends SuiteOptions<StoreCase> {
  /** Makes an empty place for a store. Every case takes some of its own. */
  open(world: StoreWorld): Promise<StoreSubject>;
  /** What the store can do. Default everything. */
  readonly capabilities?: Partial<Capabilities> | undefined;
  /** Whether its subjects can crash. Default false. */
  readonly crashes?: boolean | undefined;
  /** Which values it can keep. Default all that every byte format can carry. */
  readonly values?: EdnArbitraryOptions | undefined;
}

/** Declares a test for each case of the store contract that a store of these capabilities must pass. */
export function storeConformance(options: StoreSuiteOptions): void {
  const capabilities: Capabilities = {
    atomic: "commit",
    feed: true,
    shared: true,
    durable: "commit",
    ...options.capabilities,
  };
  const {
    timeoutMs = DEFAULT_TIMEOUT_MS,
    runs: numRuns = DEFAULT_RUNS,
    seed,
    values = {},
  } = options;
  const parameters = seed === undefined ? { numRuns } : { numRuns, seed };
  const { crashes = false } = options;
  declareCases(casesFor(capabilities, crashes), options, async (one) => {
    const make = (world: StoreWorld) => options.open(world);
    const context = new StoreContext(make, { capabilities, parameters, values, timeoutMs });
    try {
      await one.run(context);
    } finally {
      await context.dispose();
    }
  });
}

function casesFor(
  { atomic, feed: hasFeed, standings: hasStandings = hasFeed, shared }: Capabilities,
  crashes: boolean,
): Cases<string, StoreContext> {
  const isCrashing = crashes && atomic === "commit";
  return {
    ...ALWAYS,
    ...(hasStandings && WITH_STANDINGS),
    ...(hasFeed && WITH_FEED),
    ...(hasFeed && shared && SHARED),
    ...(!shared && EXCLUSIVE),
    ...(hasStandings && isCrashing && CRASHING),
    ...(hasFeed && isCrashing && CRASHING_WITH_FEED),
  };
}

/** Of every store. */
const ALWAYS: Cases<EntryCase, StoreContext> = {
  capabilities: life.capabilities,
  absent: entry.absent,
  "empty-values": entry.emptyValues,
  "keys-apart": entry.keysApart,
  "equal-keys": entry.equalKeys,
  "all-values": entry.allValues,
  "large-values": entry.largeValues,
  metadata: entry.metadata,
  "encoded-values": entry.encodedValues,
  "own-values": entry.ownValues,
  "keys-list": entry.keysList,
  "keys-under-writes": entry.keysUnderWrites,
  "in-order": write.inOrder,
  "no-change": write.noChange,
  "small-changes": write.smallChanges,
  "immutable-keys": write.immutableKeys,
  misuse: write.misuse,
  updates: write.updates,
  "clock-forward": write.clockForward,
  "versions-apart": write.versionsApart,
  pins: event.pins,
  reopened: life.reopened,
  closed: life.closed,
  "close-waits": life.closeWaits,
  aborted: life.aborted,
  destroyed: life.destroyed,
};

/** Of stores that can be replicas. */
const WITH_STANDINGS: Cases<StandingCase, StoreContext> = {
  "read-many": entry.readMany,
  "concurrent-writes": write.concurrentWrites,
  "events-tell": event.eventsTell,
  "events-after-commit": event.eventsAfterCommit,
  "events-owned": event.eventsOwned,
  standings: standing.standings,
  revisions: standing.revisions,
  origins: standing.origins,
  "origin-told": standing.originTold,
  stages: standing.stages,
  "any-calls": anyCalls,
};

/** Of stores that have a feed. */
const WITH_FEED: Cases<FeedCase, StoreContext> = {
  "rows-in-order": feed.rowsInOrder,
  "rows-move": feed.rowsMove,
  tombstones: feed.tombstones,
  limits: feed.limits,
  compaction: feed.compaction,
  truncated: feed.truncated,
  "scan-meets-end": feed.scanMeetsEnd,
  eras: feed.eras,
};

/** Of stores that several may open at a time, with a feed. */
const SHARED: Cases<SharedCase, StoreContext> = {
  "openers-together": opener.openersTogether,
  "openers-standings": opener.openersStandings,
  "openers-see-at-once": opener.openersSeeAtOnce,
};

/** Of stores that one may open at a time. */
const EXCLUSIVE: Cases<ExclusiveCase, StoreContext> = {
  locked: opener.locked,
};

/** Of stores whose commits are atomic, and that can be replicas, where the subject can crash. */
const CRASHING: Cases<Exclude<CrashCase, "crash-era">, StoreContext> = {
  "crash-whole": crash.crashWhole,
  "crash-after-event": crash.crashAfterEvent,
};

/** Of those that have a feed. */
const CRASHING_WITH_FEED: Cases<"crash-era", StoreContext> = {
  "crash-era": crash.crashEra,
};
