/** Every code of `SyncError` in this family of packages. */
export { isSyncError, SyncError } from "@datahike-sync/edn";

/** What a code means in one line; `docs/errors.md` has the rest. */
export const ERROR_CODES = {
  CODEC_TRUNCATED: "the bytes end before the value does",
  CODEC_INVALID: "the bytes are not of this format",
  CODEC_LIMIT: "the bytes exceed a limit",
  CODEC_UNSUPPORTED: "the format or algorithm has no form for this kind of value",
  EDN_SYNTAX: "the text is not EDN",
  NODE_MISSING: "a node that a pointer reaches is not in the store",
  IMMUTABLE_CHANGED: "an immutable key was given another value",
  KEY_COLLISION: "two different keys have the same file name",
  KEY_IS_LOCAL: "sync met an entry that this store wrote for itself",
  KEY_IS_REPLICATED: "a local write is for an entry that sync brought",
  CURSOR_MOVED: "another opener has moved this subscription meanwhile",
  FEED_TRUNCATED: "tombstones that the reader needs are forgotten",
  ERA_UNKNOWN: "a cursor belongs to a history that the store does not know",
  PROTOCOL_VIOLATION: "the other side sent what the protocol does not allow",
  UNKNOWN_MESSAGE: "the other side sent a message of another protocol or version",
  UNKNOWN_CODEC: "the ends of a line have no codec in common",
  CHECKSUM_MISMATCH: "what arrived is not what was sent",
  ACK_TIMEOUT: "the other side did not say in time that it has taken what was sent",
  HEARTBEAT_TIMEOUT: "the other side no longer answers",
  TRANSPORT_CLOSED: "the line is closed",
  FRAME_TOO_LARGE: "a message is larger than the line takes",
  LIMIT_EXCEEDED: "more was asked for, or is waiting, than is allowed",
  RETRY_LATER: "not now: try again after a while",
  SLOW_REPLICA: "a subscriber took its changes too slowly and begins a new step",
  UNAUTHORIZED: "no credentials, or refused ones",
  REMOTE_ERROR: "the other side refused or failed, in words of its own",
  ABORTED: "it was ended by its owner",
  INTERNAL: "a fault of this software",
  STORE_NOT_FOUND: "there is no store here",
  STORE_CLOSED: "the store was closed",
  STORE_READ_ONLY: "the store was opened for reading",
  STORE_LOCKED: "somebody else has opened the store for writing",
  STORE_UNAVAILABLE: "this environment keeps no store, or not now",
  QUOTA_EXCEEDED: "there is no room for what was to be written",
  ENTRY_UNREADABLE: "an entry of the store is damaged or not of its format",
} as const;

export type SyncErrorCode = keyof typeof ERROR_CODES;
