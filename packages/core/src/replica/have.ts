/** What a replica tells of where it stands. */
import type { Uuid } from "@datahike-sync/edn";
import type { Standing } from "../feed.ts";
import type { Have } from "../protocol.ts";
import { APPLYING } from "./doomed.ts";

export function haveOf({ cursor, selection, tokens, position, doomed }: Standing): Have {
  // A primary that was restored since may not have what that step had, and would never send what it replaced.
  if (doomed === APPLYING) return nowhere(selection);
  // Where the primary itself then stood is of no use to it.
  const at = cursor === undefined ? undefined : { era: cursor.era, seq: cursor.seq };
  return { cursor: at, selection, tokens, position };
}

/** For everything to be compared: there is something here, and no history has this cursor. */
export function nowhere(selection: Uuid | undefined): Have {
  const cursor = { era: "", seq: 0 };
  return { cursor, selection, tokens: undefined, position: undefined };
}
