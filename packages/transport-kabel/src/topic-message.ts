/** What is said of topics on a line, whichever way a generation of konserve-sync spells it. */
import type { Edn, EdnMap, Keyword, Uuid } from "@datahike-sync/edn";

/** From the one who subscribes. */
export type TopicRequest =
  | {
      readonly type: "subscribe";
      readonly id: Uuid;
      /** What to subscribe to, and what is known of each: of a store, when each key was written. */
      readonly topics: readonly TopicState[];
    }
  /** All up to this batch was taken. */
  | { readonly type: "ack"; readonly topic: Edn; readonly batch: number }
  | { readonly type: "unsubscribe"; readonly topics: readonly Edn[] };

/** From the one who serves. */
export type TopicReply =
  /** One of what a topic holds already. Of a store a map of `:key`, `:value` and `:meta`. */
  | { readonly type: "item"; readonly topic: Edn; readonly item: Edn }
  /** `count` items since the last batch; older servers do not tell. */
  | {
      readonly type: "batch";
      readonly topic: Edn;
      readonly batch: number;
      readonly count?: number | undefined;
    }
  /** There are no more items. */
  | { readonly type: "complete"; readonly topic: Edn }
  /** The topics of a request that were subscribed to: before their items, or after. */
  | { readonly type: "subscribed"; readonly id: Uuid; readonly topics: readonly Edn[] }
  | {
      readonly type: "error";
      readonly topic: Edn;
      /** Of the request, where the spelling has it. */
      readonly id?: Uuid | undefined;
      /** A keyword for a publication that was refused, text for a subscription. */
      readonly error: Edn;
      readonly message?: string | undefined;
    };

/** From either. Of a store the payload is a change, which `readChange` reads. */
export interface TopicPublish {
  readonly type: "publish";
  readonly topic: Edn;
  readonly payload: Edn;
}

export type TopicMessage = TopicRequest | TopicReply | TopicPublish;

export interface TopicState {
  readonly topic: Edn;
  /** `null` for a topic that has no state. */
  readonly state: Edn;
}

/** One generation's spelling. */
export interface TopicDialect {
  readonly name: "sync" | "pubsub";
  /** Every `:type` of it, so that a connection can hand them out. */
  readonly types: readonly Keyword[];
  /** Whether a subscription is acknowledged before its items; else behind them. */
  readonly acknowledgesFirst: boolean;
  /** Whether a subscription can be ended without the line. */
  readonly canUnsubscribe: boolean;
  /**
   * Whether servers lose an acknowledgement that comes at once: they send the mark of a batch before they
   * listen for it. It has to be sent later, and again.
   */
  readonly losesFastAcks: boolean;
  /** Whether subscribers can publish. */
  readonly canPublish: boolean;
  /**
   * The message that a map spells; `undefined` for one of something else.
   *
   * @throws {SyncError} `PROTOCOL_VIOLATION`, with `details.type` and `details.field`, for one of these
   * types that lacks what it needs.
   */
  read(message: EdnMap): TopicMessage | undefined;
  /**
   * The map that spells a message.
   *
   * @throws {TypeError} for one that this dialect has no words for.
   */
  spell(message: TopicMessage): EdnMap;
}
