/**
 * Every message of our own wire: its id, its fields, who may send it, and the limits.
 *
 * ```
 * replica                                              primary
 *    | hello ---------------------------------------------> |   both at once, first of all
 *    | <--------------------------------------------- hello |
 *    | subscribe { have: where the replica stands } ------> |
 *    | <---------------------------- subscribed { the plan } |
 *    | <------------------------------ batch { position } … |   nodes, stored as they come
 *    | ack { batch } -------------------------------------> |   as often as the window asks for it
 *    | <--------------------------- batch { …, to: cursor } |   the cut: everything becomes visible
 *    | <----------------------------------------- complete  |
 *    | <---------------------------- batch { from, to } …   |   live commits, numbered on
 *    | unsubscribe ---------------------------------------> |
 * ```
 *
 * A frame is a message's id in one byte, the length of the head as a varint, the head, and the body.
 * The head is the vector of the message's fields in the order of {@link MESSAGES}, by the codec of the
 * line; a field that is absent is nil, and nils at the end are left out. Only a batch has a body.
 * Ids and places of fields are never used again for anything else.
 *
 * The source of all this is docs/protocol.md, section 2.
 */
import type { Edn, Uuid } from "@datahike-sync/edn";
import type { Cursor, StepCursor } from "./feed.ts";
import {
  bits64,
  boolean,
  count,
  cursor,
  edn,
  type Field,
  list,
  oneOf,
  optional,
  stepCursor,
  struct,
  text,
  uuid,
} from "./wire/fields.ts";

/** How a primary brings a replica to where it is itself. */
export type Plan = "diff" | "changes" | "reconcile" | "all";

/** Why what is under way is void. */
export type ResyncReason = "SLOW_REPLICA" | "FEED_TRUNCATED" | "ERA_UNKNOWN";

/** The first message of each side. What is not announced here is not sent. */
export interface Hello {
  readonly type: "hello";
  /** Of this protocol: 1. */
  readonly version: number;
  /** The name of the codec of heads, keys and values: of both sides the same. */
  readonly codec: string;
  /** Names of what this side understands beyond the first version. */
  readonly features: readonly string[];
  /** The largest frame that this side takes, in bytes. */
  readonly maxFrame: number;
  /** The largest window that this side grants or asks for, in bytes. */
  readonly maxWindow: number;
  /** How often this side pings as a primary, in milliseconds. */
  readonly pingMs: number;
}

export interface Subscribe {
  readonly type: "subscribe";
  /** Chosen by the replica, for this line: greater than all that it has chosen before. */
  readonly id: number;
  readonly storeId: Uuid;
  /** The walker's options, which `authorize` may narrow. */
  readonly select: Edn;
  /** Where the replica stands. All absent: it has nothing. */
  readonly have: Have;
  /** Bytes that it takes unacknowledged. */
  readonly window: number;
  /** Encodings of deltas that it can undo. */
  readonly deltas: readonly string[];
}

/** What a replica tells of its standing. */
export interface Have {
  readonly cursor: Cursor | undefined;
  readonly selection: Uuid | undefined;
  readonly tokens: Edn | undefined;
  readonly position: Edn | undefined;
}

/** Everything up to a batch is applied here, and durable where it moved the cursor. */
export interface Ack {
  readonly type: "ack";
  readonly id: number;
  readonly batch: number;
}

/** Whole values that the replica lacks: keys of an offer, possibly none, or the base of a delta. */
export interface Need {
  readonly type: "need";
  readonly id: number;
  readonly keys: readonly Edn[];
}

export interface Unsubscribe {
  readonly type: "unsubscribe";
  readonly id: number;
}

export interface Subscribed {
  readonly type: "subscribed";
  readonly id: number;
  readonly era: string;
  /** The primary's last commit. */
  readonly last: number;
  readonly plan: Plan;
  /** The id of the selection, after narrowing. */
  readonly selection: Uuid;
  /** What will come, where that can be known. */
  readonly total: Total | undefined;
}

/** The end of a progress bar: about how much the first step brings. */
export interface Total {
  readonly entries: number;
  readonly bytes: number | undefined;
}

/** Operations, in the body. The last batch of a step has `to`. */
export interface Batch {
  readonly type: "batch";
  readonly id: number;
  /** Counts the batches and offers of a subscription, from 1. */
  readonly batch: number;
  /** How far a catch-up has come with this batch. */
  readonly position: Edn | undefined;
  /** The cursor that the step moves from; absent in a first step. */
  readonly from: Cursor | undefined;
  readonly to: StepCursor | undefined;
  /** What the pointers of this step are called. */
  readonly tokens: Edn | undefined;
  /** On the last batch of a catch-up: how many operations and offered keys came since `subscribe`. */
  readonly count: number | undefined;
  /** And the sum of their fingerprints, modulo 2^64. */
  readonly fingerprint: bigint | undefined;
  /**
   * Of a first step: its cells are to be shown as they come, for the store has no nodes so far. Of any:
   * nodes may stand under keys that other nodes had, and who holds one with other bytes keeps the new
   * one back and replaces it at the cut.
   */
  readonly mode: BatchMode | undefined;
}

export type BatchMode = "early" | "recycled";

/** Nodes of which the primary cannot know whether the replica has them. */
export interface Offer {
  readonly type: "offer";
  readonly id: number;
  readonly batch: number;
  readonly keys: readonly Edn[];
  /**
   * Whether the offers of this step, and what else it sends, are all that is selected: what the
   * subscription brought beside them goes at the cut.
   */
  readonly whole: boolean;
}

/** The first step is sent. */
export interface Complete {
  readonly type: "complete";
  readonly id: number;
  readonly cursor: StepCursor;
}

/** What is under way is void: a new step begins from the replica's cursor with the next batch. */
export interface Resync {
  readonly type: "resync";
  readonly id: number;
  readonly reason: ResyncReason;
}

/** Ranges of a set reconciliation, or the answer to them. */
export interface Reconcile {
  readonly type: "reconcile";
  readonly id: number;
  readonly ranges: Edn;
}

/** A subscription, or without `id` the line, has failed. Tells nothing that its receiver should not know. */
export interface Failure {
  readonly type: "error";
  readonly id: number | undefined;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly afterMs: number | undefined;
}

export interface Ping {
  readonly type: "ping";
}

export interface Pong {
  readonly type: "pong";
}

export type Message =
  | Hello
  | Subscribe
  | Ack
  | Need
  | Unsubscribe
  | Subscribed
  | Batch
  | Offer
  | Complete
  | Resync
  | Reconcile
  | Failure
  | Ping
  | Pong;

export type MessageType = Message["type"];

/** What a message is on the wire. */
export interface MessageSpec<M extends Message> {
  readonly id: number;
  readonly sender: "primary" | "replica" | "both";
  /** The head: its fields in their order. */
  readonly head: Field<Omit<M, "type">>;
}

/** The message of a type. */
export type MessageOf<T extends MessageType> = Extract<Message, { readonly type: T }>;

/** The whole wire. A message that is not decided here does not compile. */
export const MESSAGES: { readonly [T in MessageType]: MessageSpec<MessageOf<T>> } = {
  hello: {
    id: 1,
    sender: "both",
    head: struct({
      version: count,
      codec: text,
      features: list(text),
      maxFrame: count,
      maxWindow: count,
      pingMs: count,
    }),
  },
  subscribe: {
    id: 2,
    sender: "replica",
    head: struct({
      id: count,
      storeId: uuid,
      select: edn,
      have: struct<Have>({
        cursor: optional(cursor),
        selection: optional(uuid),
        tokens: optional(edn),
        position: optional(edn),
      }),
      window: count,
      deltas: list(text),
    }),
  },
  subscribed: {
    id: 3,
    sender: "primary",
    head: struct({
      id: count,
      era: text,
      last: count,
      plan: oneOf<Plan>("diff", "changes", "reconcile", "all"),
      selection: uuid,
      total: optional(struct<Total>({ entries: count, bytes: optional(count) })),
    }),
  },
  batch: {
    id: 4,
    sender: "primary",
    head: struct({
      id: count,
      batch: count,
      position: optional(edn),
      from: optional(cursor),
      to: optional(stepCursor),
      tokens: optional(edn),
      count: optional(count),
      fingerprint: optional(bits64),
      mode: optional(oneOf<BatchMode>("early", "recycled")),
    }),
  },
  offer: {
    id: 5,
    sender: "primary",
    head: struct({ id: count, batch: count, keys: list(edn), whole: boolean }),
  },
  ack: { id: 6, sender: "replica", head: struct({ id: count, batch: count }) },
  need: { id: 7, sender: "replica", head: struct({ id: count, keys: list(edn) }) },
  complete: { id: 8, sender: "primary", head: struct({ id: count, cursor: stepCursor }) },
  resync: {
    id: 9,
    sender: "primary",
    head: struct({
      id: count,
      reason: oneOf<ResyncReason>("SLOW_REPLICA", "FEED_TRUNCATED", "ERA_UNKNOWN"),
    }),
  },
  reconcile: { id: 10, sender: "both", head: struct({ id: count, ranges: edn }) },
  unsubscribe: { id: 11, sender: "replica", head: struct({ id: count }) },
  error: {
    id: 12,
    sender: "both",
    head: struct({
      id: optional(count),
      code: text,
      message: text,
      retryable: boolean,
      afterMs: optional(count),
    }),
  },
  ping: { id: 13, sender: "primary", head: struct({}) },
  pong: { id: 14, sender: "replica", head: struct({}) },
};
