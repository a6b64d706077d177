/** @packageDocumentation Serves stores and follows them; the contracts of the whole family. */
export type { TagReaders } from "@datahike-sync/edn";
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export {
  binary,
  type Codec,
  type Encoded,
  encoded,
  isEncoded,
} from "./codec.ts";
export { createSyncContext } from "./context.ts";
export type {
  Agreement,
  Dialect,
  DialectTraits,
  Line,
  LineListener,
  LineOptions,
  Role,
} from "./dialect.ts";
export type { ObjectRow } from "./driver-store/object-rows.ts";
export { ERROR_CODES, isSyncError, SyncError, type SyncErrorCode } from "./errors.ts";
export type {
  Changes,
  ChangesOptions,
  Commit,
  Cursor,
  DeleteFact,
  Era,
  FeedOperation,
  FeedPosition,
  FeedRow,
  FeedState,
  SetFact,
  Stage,
  Standing,
  StandingChange,
  StepCursor,
} from "./feed.ts";
export { NATIVE_DIALECT } from "./native-dialect.ts";
export { type OpenObjectStoreOptions, openObjectStore } from "./open-object-store.ts";
export { type OpenStoreOptions, openStore } from "./open-store.ts";
export { SYNC_LIMITS, type SyncLimits } from "./options.ts";
export {
  type Ack,
  type Batch,
  type BatchMode,
  type Complete,
  type Failure,
  type Have,
  type Hello,
  MESSAGES,
  type Message,
  type MessageOf,
  type MessageSpec,
  type MessageType,
  type Need,
  type Offer,
  type Ping,
  type Plan,
  type Pong,
  type Reconcile,
  type Resync,
  type ResyncReason,
  type Subscribe,
  type Subscribed,
  type Total,
  type Unsubscribe,
} from "./protocol.ts";
export { createReplicaContext } from "./replica-context.ts";
export type {
  Capabilities,
  DeleteOperation,
  EncodedEntry,
  EncodedReadOptions,
  Entry,
  EntryMeta,
  KeyEntry,
  KeysOptions,
  Operation,
  ReadableStore,
  ReadOptions,
  SetOperation,
  Store,
  WriteOptions,
  WriteResult,
} from "./store.ts";
export type {
  CommitOptions,
  DriverKey,
  DriverOperation,
  DriverRange,
  DriverReader,
  ScanOptions,
  StoreDriver,
} from "./store-driver.ts";
export type {
  Authorize,
  AuthorizeRequest,
  ContextStats,
  Filter,
  KeyChange,
  RegisterOptions,
  Registration,
  ReplicaContext,
  ReplicaContextStats,
  StoreConfig,
  SubscribeOptions,
  Subscription,
  SubscriptionListeners,
  SubscriptionStats,
  SyncContext,
  SyncContextOptions,
  SyncEvent,
  SyncProgress,
  SyncStatus,
  SyncStep,
  Verification,
} from "./sync.ts";
export {
  type Dialer,
  type Peer,
  TRANSPORT_LIMITS,
  type Transport,
  type TransportClose,
  type TransportLimits,
  type TransportServer,
} from "./transport.ts";
export { type OnWake, SYSTEM_WAKE } from "./wake.ts";
export type {
  DiffOptions,
  DiffStep,
  EntryClass,
  NodeStep,
  PointerState,
  PointerStep,
  Walker,
  WalkOptions,
  WalkProgress,
  WalkStep,
} from "./walker.ts";
export type { Field } from "./wire/fields.ts";
export { decodeFrame, encodeHead, type Frame } from "./wire/frame.ts";
export {
  BodyWriter,
  readBody,
  type WireDelete,
  type WireOperation,
  type WirePart,
  type WireSet,
} from "./wire/operations.ts";
