/** What is done with a server and its replicas, to be measured. */
import type { Pair } from "../pair.ts";
import type { Sample } from "../row.ts";

export interface Workload {
  /** Also what its row is called. */
  readonly name: string;
  /** Done before the first round, unmeasured. */
  readonly prepare?: (pair: Pair) => Promise<void>;
  /**
   * Does it once, and leaves the replicas as they are then. Gives the samples of its rows by their names.
   *
   * @param isSampling Whether memory is looked at instead of the time.
   */
  readonly round: (pair: Pair, isSampling: boolean) => Promise<Readonly<Record<string, Sample>>>;
}
