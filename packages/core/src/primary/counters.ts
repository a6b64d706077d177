/** What the primary side of a context counts. */

export interface Counters {
  subscribers: number;
  /** Bodies, each counted once, whoever they are sent to. */
  encodedBodies: number;
  sentBytes: number;
}
