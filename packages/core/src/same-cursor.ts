import type { Cursor } from "./feed.ts";

/** Whether two cursors are of one state; no cursor is that of a store that has had no step. */
export function isSameCursor(a: Cursor | undefined, b: Cursor | undefined): boolean {
  return a?.era === b?.era && a?.seq === b?.seq;
}
