/** What can be served as a topic, and who may do what with it. */
import type { RegisterOptions } from "@datahike-sync/core";
import { type Edn, SyncError } from "@datahike-sync/edn";

/** What somebody wants of a topic. */
export interface TopicAccess {
  /** Of the connection, as authentication found it. */
  readonly principal: unknown;
  readonly topic: Edn;
}

export interface TopicPublication extends TopicAccess {
  /** Of a store a change, which `readChanges` reads. */
  readonly payload: Edn;
}

/** Whether somebody may publish this. What it throws is a no. */
export type AuthorizePublish = (publication: TopicPublication) => boolean | Promise<boolean>;

export interface StoreTopicOptions extends RegisterOptions {
  /** Default: subscribers may not publish. */
  readonly authorizePublish?: AuthorizePublish | undefined;
}

export interface TopicOptions {
  /** Whether somebody may subscribe. What it throws is a no. Default: whoever has a line may. */
  readonly authorize?: ((access: TopicAccess) => boolean | Promise<boolean>) | undefined;
  /** Default: subscribers may not publish. */
  readonly authorizePublish?: AuthorizePublish | undefined;
  /** Called for each publication of a subscriber's, once it is allowed. */
  readonly onPublish?: ((publication: TopicPublication) => void) | undefined;
}

/** A topic that is no store: whatever is published goes to all who have subscribed. */
export interface ServedTopic {
  readonly topic: Edn;
  /**
   * Sends this to every subscriber. Whoever leaves more than 100 of these unread loses the line, with
   * `LIMIT_EXCEEDED`.
   */
  publish(payload: Edn): void;
  /** Serves it no longer. */
  unregister(): void;
}

/** Why a hook says no; `undefined` when it says yes. What it throws is a no. */
export async function refusalOf(
  ask: () => boolean | Promise<boolean>,
): Promise<SyncError | undefined> {
  try {
    return (await ask()) === true ? undefined : unauthorized();
  } catch (cause) {
    return unauthorized(cause);
  }
}

function unauthorized(cause?: unknown): SyncError {
  return new SyncError("UNAUTHORIZED", "not authorized", { cause });
}
