/** Whether the service is to be restarted, and whether others may be sent to it. */
import type { SyncStatus } from "@datahike-sync/core";

export interface Health {
  /** Whether there is any use in waiting. */
  readonly live: boolean;
  /** Whether what is here is a state that the primary had, and no older than was said. */
  readonly ready: boolean;
  /** Why it is not ready; none when it is. */
  readonly reasons: readonly string[];
}

/** What a status means for those who ask. @param maxLag Commits that may be missing. */
export function healthOf(
  { phase, consistent, lag, error }: SyncStatus,
  { maxLag, isStopping }: { readonly maxLag: number; readonly isStopping: boolean },
): Health {
  const reasons: string[] = [];
  if (isStopping) reasons.push("stopping");
  if (phase !== "live") reasons.push(error === undefined ? phase : `${phase}: ${error.code}`);
  if (phase === "live" && !consistent) reasons.push("what is here is in between two states");
  if (lag > maxLag) reasons.push(`${lag} commits are missing, more than ${maxLag}`);
  return { live: phase !== "failed", ready: reasons.length === 0, reasons };
}
