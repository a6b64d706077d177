/** Where the copy of a store is kept, whoever works on it. */
import type { Uuid } from "@datahike-sync/edn";
import { Disk } from "./disk.ts";
import { FollowerCheck } from "./follower-check.ts";
import type { FollowerSite } from "./follower-site.ts";
import { Mirror } from "./mirror.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

export interface PlaceOptions {
  readonly topic: Uuid;
  /** Of whom it follows. */
  readonly truth: () => Truth;
  readonly isWalked: boolean;
}

export class Place {
  readonly topic: Uuid;
  readonly truth: () => Truth;
  readonly disk: Disk = new Disk();
  readonly mirror: Mirror = new Mirror();
  readonly check: FollowerCheck;
  /** By identity: what the application wrote. */
  readonly own: Set<string> = new Set();
  readonly processes: Set<FollowerSite> = new Set();
  readonly #world: World;
  #wasPowerLost = false;

  constructor(world: World, { topic, truth, isWalked }: PlaceOptions) {
    this.topic = topic;
    this.truth = truth;
    this.#world = world;
    this.check = new FollowerCheck({ mirror: this.mirror, upstream: truth, isWalked });
  }

  /** Whether more than one process may work on it. */
  get isShared(): boolean {
    return this.processes.size > 1;
  }

  losePower(): void {
    this.disk.crash(() => this.#world.random.next());
    this.#wasPowerLost = true;
  }

  /** Whether the power was lost since this was asked last. */
  takePowerLoss(): boolean {
    const was = this.#wasPowerLost;
    this.#wasPowerLost = false;
    return was;
  }
}
