/** What both machines take from their context: bounds, time, chance, and whom to tell. */
import type { SyncError } from "@datahike-sync/edn";
import { Backoff } from "./backoff.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import type { StepCursor } from "./feed.ts";
import { SYNC_LIMITS, type SyncLimits } from "./options.ts";
import type { SyncContextOptions, SyncEvent } from "./sync.ts";
import { type OnWake, SYSTEM_WAKE } from "./wake.ts";

export interface Environment {
  readonly limits: SyncLimits;
  readonly clock: Clock;
  /** At least 0, below 1. */
  readonly random: () => number;
  readonly onWake: OnWake;
  readonly tell: (event: SyncEvent) => void;
  /** For what went wrong where nobody waits: a fault of this software, or of a listener. */
  readonly report: (error: SyncError) => void;
}

/** What a relay's primary side asks of the subscription that feeds the same store. */
export interface Upstream {
  /** Whether what the store shows, or will show with the commit that is being made, is a whole state. */
  readonly isWhole: boolean;
  /** Where the store stands, or will stand with the commit that is being made. */
  readonly cursor: StepCursor | undefined;
  /** The same as the store says it, to which other openers may have written. */
  stored(): Promise<Pick<Upstream, "isWhole" | "cursor">>;
  /** Tells when either has changed and is durable. Returns the stop function. */
  onChange(listener: () => void): () => void;
}

/** Waits between attempts, as the limits have them. */
export function backoffOf({ limits, random }: Environment): Backoff {
  return new Backoff({ minMs: limits.backoffMinMs, maxMs: limits.backoffMaxMs, random });
}

/** @throws {RangeError} when a limit is not a whole number above 0. */
export function openEnvironment(
  { clock = SYSTEM_CLOCK, random = Math.random, onWake = SYSTEM_WAKE, limits }: SyncContextOptions,
  tell: (event: SyncEvent) => void,
): Environment {
  const report = (error: SyncError) => tell({ type: "fault", error });
  return { clock, random, onWake, limits: limitsOf(limits), tell, report };
}

function limitsOf(given: Partial<SyncLimits> = {}): SyncLimits {
  const limits: SyncLimits = { ...SYNC_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw new RangeError(`${name} is a whole number, at least 1`);
    }
  }
  return Object.freeze(limits);
}
