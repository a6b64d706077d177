/** What a session is given, and whom it tells. */
import type { Clock, Store, SyncError, SyncProgress, Walker } from "@datahike-sync/core";
import type { Edn, Uuid } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import type { TopicDialect } from "../topic-message.ts";
import type { FollowLimits } from "./limits.ts";
import type { StandingKeeper } from "./standing.ts";
import type { ShownStep } from "./steps.ts";

export interface SessionOptions {
  readonly connection: Connection;
  readonly dialect: TopicDialect;
  readonly topic: Edn;
  readonly storeId: Uuid;
  readonly store: Store;
  readonly walker: Walker | undefined;
  readonly keeper: StandingKeeper;
  readonly limits: FollowLimits;
  readonly clock: Clock;
  /** At least 0, below 1. */
  readonly random: () => number;
  readonly listener: SessionListener;
}

/** Told of what a session does. */
interface SessionListener {
  readonly onProgress: (progress: SyncProgress) => void;
  readonly onStep: (step: ShownStep) => void;
  readonly onSkipped: (keys: readonly Edn[]) => void;
  /** The handshake is made again, and why; without an error where nothing went wrong. */
  readonly onAgain: (error: SyncError | undefined) => void;
  readonly onPublishRefused: (error: SyncError) => void;
  /** Nothing will come of this subscription. */
  readonly onFailure: (error: SyncError) => void;
}
