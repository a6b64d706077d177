import { type Clock, type Store, SYSTEM_CLOCK, type Walker } from "@datahike-sync/core";
import type { Edn, Uuid } from "@datahike-sync/edn";
import { Connection } from "../connection.ts";
import { type Link, linkOf } from "../link.ts";
import { PUBSUB_DIALECT } from "../pubsub-dialect.ts";
import type { TopicDialect } from "../topic-message.ts";
import { Follower, type Following, type FollowListeners } from "./follower.ts";
import { FOLLOW_LIMITS, type FollowLimits } from "./limits.ts";

export interface FollowOptions extends FollowListeners {
  /** `SYNC_DIALECT` for servers of December 2025. Default `PUBSUB_DIALECT`. */
  readonly dialect?: TopicDialect | undefined;
  /** What tells nodes from cells, and finds what a head reaches. Without it nothing is a node but what the server marks. */
  readonly walker?: Walker | undefined;
  /** What the server calls the store. Default: its id. */
  readonly topic?: Edn | undefined;
  readonly limits?: Partial<FollowLimits> | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** Default: the platform's. */
  readonly clock?: Clock | undefined;
}

/**
 * Follows a store of a Clojure server in a store of one's own. Over a link it reconnects by itself; over
 * a connection it fails when that ends. What it brings has the id as its `origin`; entries that the store
 * wrote for itself are never touched.
 *
 * @throws {TypeError} when the store keeps no standings, and so can be no replica.
 */
export function follow(
  to: Link | Connection,
  storeId: Uuid,
  store: Store,
  options: FollowOptions = {},
): Following {
  options.signal?.throwIfAborted();
  const { feed, standings = feed } = store.capabilities;
  if (!standings) throw new TypeError("a store that keeps no standings cannot follow another");
  const follower = new Follower({
    link: to instanceof Connection ? linkOf(to) : to,
    dialect: options.dialect ?? PUBSUB_DIALECT,
    topic: options.topic ?? storeId,
    storeId,
    store,
    walker: options.walker,
    limits: { ...FOLLOW_LIMITS, ...options.limits },
    clock: options.clock ?? SYSTEM_CLOCK,
    signal: options.signal,
  });
  follower.on(options);
  return follower;
}
