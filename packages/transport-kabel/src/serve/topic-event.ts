/** What the operator of a server of topics is told. */
import type { SyncEvent } from "@datahike-sync/core";
import type { Edn, SyncError } from "@datahike-sync/edn";

/** What happened to a topic, of whose line it says nothing. What the other side learns is less. */
export type TopicEvent =
  /** Somebody has what there is of it, and gets what comes. */
  | { readonly type: "subscribed"; readonly topic: Edn }
  /** Somebody may not have it, or has it no longer; or there is none. */
  | { readonly type: "refused"; readonly topic: Edn; readonly error: SyncError }
  /**
   * A subscription could not go on: `ACK_TIMEOUT` and `RETRY_LATER` where the other side is too slow,
   * `CODEC_UNSUPPORTED` where a value has no form in the codec of the line.
   */
  | { readonly type: "failed"; readonly topic: Edn; readonly error: SyncError }
  /** Somebody may not publish that, or it could not be written to the store. */
  | { readonly type: "publish-refused"; readonly topic: Edn; readonly error: SyncError }
  /** A fault of this software, where nobody waited to be told. */
  | { readonly type: "fault"; readonly error: SyncError };

export type TellTopic = (event: TopicEvent) => void;

/** What the engine tells of a store, as of a topic; `undefined` for what topics tell for themselves. */
export function topicEventOf(event: SyncEvent): TopicEvent | undefined {
  switch (event.type) {
    case "refused":
    case "failed":
      return { type: event.type, topic: event.storeId, error: event.error };
    case "fault":
      return event;
    default:
      return undefined;
  }
}
