/** Commits that come one right after the other, taken together. */
import type { Environment } from "../environment.ts";
import type { StepCursor } from "../feed.ts";
import { Merge, type Move } from "./move.ts";

/** Commits that are nearer to each other are one. */
const NEAR_MS = 1;

/**
 * The first of a moment is passed on at once: who waits for it has it as soon as can be. Those that follow
 * within a millisecond are one move, up to about what a batch holds: a head, a message and a commit of the
 * replica for each would cost more than what they bring.
 */
export class Gathering {
  readonly #environment: Environment;
  readonly #onMove: (move: Move) => void;
  #passedAt = Number.NEGATIVE_INFINITY;
  #gathered: { readonly merge: Merge; to: StepCursor } | undefined;
  #stopTimer: () => void = () => undefined;

  constructor(environment: Environment, onMove: (move: Move) => void) {
    this.#environment = environment;
    this.#onMove = onMove;
  }

  add(move: Move): void {
    const { clock, limits } = this.#environment;
    // A gap, where another opener has written, must stay one for the queues to see.
    if (this.#gathered?.to.seq !== move.from) this.flush();
    if (this.#gathered === undefined) {
      if (clock.now() - this.#passedAt >= NEAR_MS) return this.#pass(move);
      this.#gathered = { merge: new Merge(move.from, Number.POSITIVE_INFINITY), to: move.to };
      this.#stopTimer = clock.after(NEAR_MS, () => this.flush());
    }
    const { merge } = this.#gathered;
    this.#gathered.to = move.to;
    merge.add(move);
    if (merge.size >= limits.batchOperations || merge.weight >= limits.batchBytes) this.flush();
  }

  /** Passes on what waits. */
  flush(): void {
    if (this.#gathered === undefined) return;
    const { merge, to } = this.#gathered;
    this.stop();
    const move = merge.toMove(to);
    if (move !== undefined) this.#pass(move);
  }

  /** Forgets what waits. */
  stop(): void {
    this.#stopTimer();
    this.#gathered = undefined;
  }

  #pass(move: Move): void {
    this.#passedAt = this.#environment.clock.now();
    this.#onMove(move);
  }
}
