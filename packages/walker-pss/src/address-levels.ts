import type { NodePath } from "@datahike-sync/btset";
import { type Edn, identity, SyncError } from "@datahike-sync/edn";

/** The addresses that a walk has met, each with the level of its node. */
export class AddressLevels {
  readonly #levels = new Map<string, number>();

  /** The level of the node at this address, where the walk has met it. */
  get(address: Edn): number | undefined {
    return this.#levels.get(identity(address));
  }

  /**
   * Notes an address and says whether it is new.
   *
   * @throws {SyncError} `CODEC_INVALID` when it was met at another level: a node that is above
   * itself, or a leaf to one branch and none to another, whose children would be lost.
   */
  add(path: NodePath, level: number): boolean {
    const key = identity(path.key);
    const known = this.#levels.get(key);
    if (known === undefined) {
      this.#levels.set(key, level);
      return true;
    }
    if (known === level) return false;
    throw new SyncError("CODEC_INVALID", "malformed index tree: a node at two levels", {
      details: { path: path.toSteps(), level, known },
    });
  }
}
