/** Steps that take several commits: what a standing says of one that is under way, and its last part. */
import type { Uuid } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { Standing } from "../feed.ts";
import type { DeleteOperation, Operation, Store } from "../store.ts";
import { type KeptOperation, StageRecords } from "./stage-records.ts";
import { isMoved, type NextStanding, type StandingKeeper } from "./standing-keeper.ts";

/** Some of the step's cells are shown already: only a later step makes a whole state of them. */
export const APPLYING = "applying";

/** All of it is shown; the nodes that it deletes are named in the stage, and have to go. */
export function deleting(tag: number, records: number): string {
  return `${tag} ${records}`;
}

/**
 * Deletes the nodes that the standing dooms, whichever opener doomed them. No node may be stored before:
 * it could be one of these.
 *
 * @throws {SyncError} as `Store.write`, but for `CURSOR_MOVED`: another opener may help.
 */
export async function finishDoomed(
  store: Store,
  storeId: Uuid,
  keeper: StandingKeeper,
  codec: Codec,
): Promise<void> {
  for (;;) {
    const { doomed } = keeper.standing;
    if (doomed === undefined || doomed === APPLYING) return;
    const [tag = 0, records = 0] = doomed.split(" ").map(Number);
    const stage = store.stage(storeId);
    const list = new StageRecords(stage, tag, codec).read(records);
    if (!(await deleteNodes(keeper, doomed, list))) continue;
    // The revision has moved: who has put something there for a step of his own will find out.
    await stage.clear();
  }
}

/** Resolves to false when another opener has finished it. */
async function deleteNodes(
  keeper: StandingKeeper,
  doomed: string,
  list: AsyncIterable<KeptOperation>,
): Promise<boolean> {
  const write = async (operations: readonly Operation[], next: (now: Standing) => NextStanding) => {
    while (keeper.standing.doomed === doomed) {
      try {
        await keeper.write(operations, next(keeper.standing));
        return true;
      } catch (error) {
        if (!isMoved(error)) throw error;
        // Not from the start of the list: two who do the same would hinder each other for ever.
        await keeper.read();
      }
    }
    return false;
  };
  try {
    for await (const some of chunksOf(list)) {
      if (!(await write(some, withoutPosition))) return false;
    }
    return await write([], withoutDoomed);
  } catch (error) {
    if (!isMoved(error)) throw error;
    // The list is lost, so nobody knows what has to go: compared with the primary it will come out.
    return write([], withoutTrust);
  }
}

const CHUNK = 512;

async function* chunksOf(list: AsyncIterable<KeptOperation>): AsyncGenerator<DeleteOperation[]> {
  let chunk: DeleteOperation[] = [];
  for await (const { op, key } of list) {
    if (op !== "deleteNode") continue;
    chunk.push({ op: "delete", key });
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** What was transferred may be among what goes. */
function withoutPosition({ cursor, selection, tokens, doomed }: Standing): NextStanding {
  return { cursor, selection, tokens, doomed };
}

function withoutDoomed({ cursor, selection, tokens }: Standing): NextStanding {
  return { cursor, selection, tokens };
}

/** A cursor of no selection counts for nothing. */
function withoutTrust({ cursor }: Standing): NextStanding {
  return { cursor, doomed: APPLYING };
}
