/** Bounds and times of a store that follows over kabel. */

/** Bytes and milliseconds. */
export interface FollowLimits {
  /** How long the server may take to acknowledge a subscription, where it does so at once. Default 60,000. */
  readonly answerTimeoutMs: number;
  /**
   * How long a handshake may bring nothing. Default 330,000: a server walks its store before it sends
   * the first item, and itself gives up after 300,000.
   */
  readonly stallTimeoutMs: number;
  /** How long a pointer waits for what it reaches before the handshake is made again. Default 30,000. */
  readonly gateTimeoutMs: number;
  /** How long a standing that others move is left alone before the handshake is made again. Default 1,000. */
  readonly stillMs: number;
  /** Cells kept back; plain ones beyond it show before the step is complete. Default 64 MiB. */
  readonly maxKeptBytes: number;
  /** What came and was not gone through yet; a line with more is ended. Default 64 MiB. */
  readonly maxInboxBytes: number;
  /** The most nodes that are reported as held: those left out come again. Default 200,000. */
  readonly maxReported: number;
  /** How long deletes of nodes gather before it is looked which of them nothing reaches. Default 1,000. */
  readonly sweepMs: number;
}

/** What holds unless options say otherwise. */
export const FOLLOW_LIMITS: FollowLimits = {
  answerTimeoutMs: 60_000,
  stallTimeoutMs: 330_000,
  gateTimeoutMs: 30_000,
  stillMs: 1_000,
  maxKeptBytes: 64 * 2 ** 20,
  maxInboxBytes: 64 * 2 ** 20,
  maxReported: 200_000,
  sweepMs: 1_000,
};
