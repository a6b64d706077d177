/** What a sync context can be told, and what holds where it is not told. */

/** Bounds and times of the engine. Bytes and milliseconds. */
export interface SyncLimits {
  /** The largest frame that is taken. Default 16 MiB. */
  readonly maxFrameBytes: number;
  /** What a primary sends without an acknowledgement, and a replica asks for. Default 16 MiB. */
  readonly windowBytes: number;
  /** The most operations in a batch. Default 512. */
  readonly batchOperations: number;
  /** The most bytes in a batch, and the largest value that is not sent in parts. Default 256 KiB. */
  readonly batchBytes: number;
  /** The largest value. Default 64 MiB. */
  readonly maxValueBytes: number;
  /** The most live steps that wait for one subscriber. Default 1,024. */
  readonly queueEntries: number;
  /** The most bytes of live steps that wait for one subscriber. Default 8 MiB. */
  readonly queueBytes: number;
  /** How many subscribers of a context catch up at once. Default 64. */
  readonly maxCatchingUp: number;
  /** The most subscriptions on one line. Default 256. */
  readonly maxSubscriptions: number;
  /** What a replica keeps back in memory; more goes to the store's stage. Default 8 MiB. */
  readonly stageBytes: number;
  /** The largest commit of a replica, beyond one batch. Default 64 MiB. */
  readonly maxCommitBytes: number;
  /** How many values of each pointer a primary remembers. Default 64. */
  readonly pointerHistory: number;
  /** How long the other side may take to begin a line with its hello. Default 15,000. */
  readonly helloTimeoutMs: number;
  /** How long a batch may stay without acknowledgement. Default 30,000. */
  readonly batchTimeoutMs: number;
  /** How often a primary asks whether the other side is there. Default 15,000. */
  readonly pingMs: number;
  /** How often a primary tells the cursor of commits that bring nothing. Default 1,000. */
  readonly idleCursorMs: number;
  /** How often a store is asked whether somebody else has written to it. Default 1,000. */
  readonly pollMs: number;
  /** How long a standing that others move has to be still before a replica begins again. Default 1,000. */
  readonly stillMs: number;
  /** The first wait before a replica dials again; each is twice the one before. Default 250. */
  readonly backoffMinMs: number;
  /** The longest wait before a replica dials again. Default 30,000. */
  readonly backoffMaxMs: number;
}

/** What holds unless options say otherwise. */
export const SYNC_LIMITS: SyncLimits = {
  maxFrameBytes: 16 * 2 ** 20,
  windowBytes: 16 * 2 ** 20,
  batchOperations: 512,
  batchBytes: 256 * 2 ** 10,
  maxValueBytes: 64 * 2 ** 20,
  queueEntries: 1024,
  queueBytes: 8 * 2 ** 20,
  maxCatchingUp: 64,
  maxSubscriptions: 256,
  stageBytes: 8 * 2 ** 20,
  maxCommitBytes: 64 * 2 ** 20,
  pointerHistory: 64,
  helloTimeoutMs: 15_000,
  batchTimeoutMs: 30_000,
  pingMs: 15_000,
  idleCursorMs: 1_000,
  pollMs: 1_000,
  stillMs: 1_000,
  backoffMinMs: 250,
  backoffMaxMs: 30_000,
};
