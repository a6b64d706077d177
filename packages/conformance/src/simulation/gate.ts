/** Where every call of a store waits until the world chooses it. */
import type { Life } from "./life.ts";

/** Whether a call waits for the changes that were asked for before it. */
export type CallKind = "read" | "change";

/** A call that waits. */
export interface Call {
  readonly life: Life;
  readonly label: string;
  readonly kind: CallKind;
  /** Does it for real, whatever becomes of it; then `look`, and then whoever called is told. */
  run(look: () => Promise<void>): Promise<void>;
}

/**
 * One call after the other, and time stands still until the chosen one has settled: so whatever the
 * store does meanwhile, and however long it takes, the same choices give the same run.
 */
export class Gate {
  #waiting: Call[] = [];

  /** Passes a call on when the world chooses it. It never settles for somebody whose life has ended. */
  pass<T>(life: Life, kind: CallKind, label: string, job: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      const run = async (look: () => Promise<void>) => {
        const done = job();
        await done.catch(() => undefined);
        await look();
        if (!life.isOver) resolve(done);
      };
      this.#waiting.push({ life, kind, label, run });
    });
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** Those that may be chosen: of the changes of one opener only the first, as a store makes them. */
  get ready(): readonly Call[] {
    const changing = new Set<Life>();
    return this.#waiting.filter(({ life, kind }) => {
      if (kind === "read") return true;
      const isFirst = !changing.has(life);
      changing.add(life);
      return isFirst;
    });
  }

  take(call: Call): void {
    this.#waiting = this.#waiting.filter((other) => other !== call);
  }

  /** What somebody who has died was waiting for is never done. */
  drop(life: Life): void {
    this.#waiting = this.#waiting.filter((call) => call.life !== life);
  }
}
