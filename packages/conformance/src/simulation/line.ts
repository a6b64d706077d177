/** What a world knows of a line, whatever carries its messages. */
import type { Life } from "./life.ts";

/** Which end: the one who dialed, or the one who serves. */
export type Side = "dialer" | "server";

export interface WorldEnd {
  readonly line: WorldLine;
  readonly side: Side;
  readonly life: Life;
  readonly state: "open" | "closed";
}

export interface WorldLine {
  readonly name: string;
  readonly ends: readonly [WorldEnd, WorldEnd];
  /** Whether nothing will ever arrive here any more. */
  readonly isOver: boolean;
  /**
   * Cuts the cable. Each end learns of it at its own time. What is under way is lost; where it can be and
   * is asked for, some of it arrives all the same.
   */
  cut(learns: Readonly<Record<Side, number>>, keepsLateFrames: boolean): void;
  /** What is sent until then arrives later. */
  stall(until: number): void;
  /** It carries everything at once again. */
  heal(): void;
}
