/** @packageDocumentation Contracts that stores, codecs and walkers keep, and the errors they share. */
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export {
  binary,
  type Codec,
  type Encoded,
  encoded,
  isEncoded,
  type TagReaders,
} from "./codec.ts";
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
} from "./feed.ts";
export type { ObjectRow } from "./object-rows.ts";
export {
  type ByteStoreOptions,
  type ObjectStoreOptions,
  type OpenStoreOptions,
  openStore,
} from "./open-store.ts";
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
export {
  type Dialer,
  type Peer,
  TRANSPORT_LIMITS,
  type Transport,
  type TransportClose,
  type TransportLimits,
  type TransportServer,
} from "./transport.ts";
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
