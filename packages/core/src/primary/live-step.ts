/** What subscribers that have caught up are sent. */
import type { Edn } from "@datahike-sync/edn";
import type { StepCursor } from "../feed.ts";
import type { BatchMode } from "../protocol.ts";
import type { Pins } from "./pins.ts";

/** What moves every replica of a selection from one state to the next. Shared by all. */
export interface LiveStep {
  /** The commit that it moves from. */
  readonly from: number;
  readonly to: StepCursor;
  /** Roughly what it takes while it waits. */
  readonly weight: number;
  /** The operations; none when nothing of it is for this selection. */
  bodies(): readonly Uint8Array[];
  /** What a replica keeps that has all up to one of the bodies, and not the last. */
  positionAfter(body: number): Edn | undefined;
  /** Under a walker: what the pointers are at `to`. */
  readonly pins?: Pins | undefined;
  readonly mode?: BatchMode | undefined;
}
