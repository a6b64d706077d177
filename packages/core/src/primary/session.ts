/** One subscription, as the plans see it. */
import type { Edn, Uuid } from "@datahike-sync/edn";
import type { Environment } from "../environment.ts";
import type { Have } from "../protocol.ts";
import type { BodyOptions } from "./body-maker.ts";
import type { Outlet } from "./outlet.ts";

export interface Session {
  readonly storeId: Uuid;
  readonly environment: Environment;
  readonly outlet: Outlet;
  readonly bodies: BodyOptions;
  readonly replies: Replies;
  /**
   * Where the replica says that it stands; once. It may say so at length, and a subscription that has
   * caught up and goes on for days holds nothing of it.
   */
  takeHave(): Have;
  /**
   * Takes one of the places of those who catch up; the function that it returns gives it back.
   *
   * @throws {SyncError} `RETRY_LATER` when there is none.
   */
  takePlace(): () => void;
}

/** Who takes the other side's answers: nobody where none is owed. */
export interface Replies {
  reconcile: ((ranges: Edn) => void) | undefined;
  need: ((keys: readonly Edn[]) => void) | undefined;
}

/** Runs a job in one of those places. */
export async function inPlace<T>(session: Session, job: () => Promise<T>): Promise<T> {
  const giveBack = session.takePlace();
  try {
    return await job();
  } finally {
    giveBack();
  }
}
