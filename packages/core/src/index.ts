/** @packageDocumentation Contracts that stores, codecs and walkers keep, and the errors they share. */
export { type Codec, type Encoded, encoded, type TagReaders } from "./codec.ts";
export { ERROR_CODES, isSyncError, SyncError, type SyncErrorCode } from "./errors.ts";
export type {
  DeleteOperation,
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
} from "./store.ts";
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
