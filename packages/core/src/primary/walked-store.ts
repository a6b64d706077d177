/** A registered store with a walker: what all its selections share. */
import { type Edn, identity, type Uuid } from "@datahike-sync/edn";
import type { Environment } from "../environment.ts";
import { identityHash } from "../identity-hash.ts";
import type { Walker } from "../walker.ts";
import { PinHistory } from "./pin-history.ts";
import { isSamePins, type Pins, pin } from "./pins.ts";
import type { WalkSource } from "./walk-source.ts";

export class WalkedStore {
  readonly source: WalkSource;
  readonly history: PinHistory;
  readonly #storeId: Uuid;
  readonly #environment: Environment;
  #hasToldRecycled = false;

  constructor(source: WalkSource, storeId: Uuid, environment: Environment) {
    this.source = source;
    this.history = new PinHistory(source, environment.limits.pointerHistory);
    this.#storeId = storeId;
    this.#environment = environment;
  }

  /** The pointers as they are now; they will be known by their tokens. */
  async pin(walker: Walker, signal: AbortSignal): Promise<Pins> {
    const pins = await pin(this.source, walker, signal);
    this.history.remember(pins);
    if (pins.recycles && !this.#hasToldRecycled) {
      this.#hasToldRecycled = true;
      this.#environment.tell({ type: "recycled", storeId: this.#storeId });
    }
    return pins;
  }

  /** The pointers once more, because nodes were replaced while they were read. */
  async pinAgain(walker: Walker, signal: AbortSignal): Promise<Pins> {
    this.#environment.tell({ type: "pinned-again", storeId: this.#storeId });
    return this.pin(walker, signal);
  }

  /**
   * The pointers once more, because a node was gone; `undefined` when they stand: then it is missing,
   * and not of a state that is gone with it.
   */
  async pinOthers(pins: Pins, walker: Walker, signal: AbortSignal): Promise<Pins | undefined> {
    const others = await this.pin(walker, signal);
    if (isSamePins(others, pins)) return undefined;
    this.#environment.tell({ type: "pinned-again", storeId: this.#storeId });
    return others;
  }

  /**
   * Whether some of these nodes may have been read after they were replaced: where keys are given to
   * other nodes, and somebody has written since the pointers were read.
   */
  async isOverwritten(
    pins: Pins,
    sent: SentNodes,
    walker: Walker,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!pins.recycles) return false;
    const isUntouched = await this.source.isUntouched(pins.cursor.seq, (key) => sent.has(key));
    if (isUntouched !== undefined) return !isUntouched;
    // Only what no pointer reaches is replaced: while they stand, so does what they reach.
    return !isSamePins(await pin(this.source, walker, signal), pins);
  }
}

/** Which nodes a step has sent, as numbers. */
export class SentNodes {
  readonly #hashes = new Set<number>();

  add(key: Edn): void {
    this.#hashes.add(identityHash(identity(key)));
  }

  has(key: Edn): boolean {
    return this.#hashes.has(identityHash(identity(key)));
  }
}
