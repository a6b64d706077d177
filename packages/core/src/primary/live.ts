/** The part of a subscription that follows its catch-up: step after step, as the store commits. */
import type { Environment } from "../environment.ts";
import type { Cursor, StepCursor } from "../feed.ts";
import type { ResyncReason } from "../protocol.ts";
import { isSameCursor } from "../same-cursor.ts";
import { BodyWriter } from "../wire/operations.ts";
import type { LiveStep } from "./live-step.ts";
import type { Outlet } from "./outlet.ts";
import type { Pins } from "./pins.ts";
import type { StepQueue } from "./step-queue.ts";

/** What the replica will show when it has applied everything that was sent. */
export interface Shown {
  readonly cursor: StepCursor;
  readonly pins?: Pins | undefined;
}

export class LiveSender {
  readonly #outlet: Outlet;
  readonly #environment: Environment;
  #shown: Shown;
  /** The last of the steps that bring nothing, until it is told. */
  #idle: LiveStep | undefined;
  #idleFrom = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;

  constructor(outlet: Outlet, environment: Environment, shown: Shown) {
    this.#outlet = outlet;
    this.#environment = environment;
    this.#shown = shown;
  }

  get shown(): Shown {
    return this.#shown;
  }

  /** Sends what comes through the queue. Resolves, when that is void, to why. */
  async run(queue: StepQueue): Promise<ResyncReason> {
    try {
      for (;;) {
        const step = queue.take();
        if (step !== undefined) await this.send(step);
        else if (queue.voidReason !== undefined) return queue.voidReason;
        else if (this.#isIdleDue()) await this.#sendIdle();
        else await this.#outlet.rung();
      }
    } finally {
      this.#stopTimer?.();
    }
  }

  /** Sends a step, or notes it where it brings nothing. */
  async send(step: LiveStep): Promise<void> {
    const bodies = step.bodies();
    const last = bodies.at(-1);
    // A cursor that the replica has already would cost it a commit.
    const isNews = last !== undefined || !isSameStep(step.to, this.#shown.cursor);
    this.#idle = last === undefined && isNews ? step : undefined;
    if (last === undefined) return;
    for (const [at, body] of bodies.slice(0, -1).entries()) {
      await this.#outlet.batch({ mode: step.mode, position: step.positionAfter(at) }, body);
    }
    await this.#finish(step, last);
  }

  async #sendIdle(): Promise<void> {
    const step = this.#idle;
    if (step === undefined) return;
    this.#idle = undefined;
    this.#idleFrom = this.#environment.clock.now() + this.#environment.limits.idleCursorMs;
    await this.#finish(step, new BodyWriter(this.#outlet.codec).finish());
  }

  async #finish({ to, pins, mode }: LiveStep, body: Uint8Array): Promise<void> {
    const from = withoutOrigin(this.#shown.cursor);
    this.#shown = { cursor: to, pins };
    await this.#outlet.batch({ mode, from, to, tokens: pins?.tokens }, body);
  }

  /** Whether to tell the cursor now. If only later, the bell will ring then. */
  #isIdleDue(): boolean {
    if (this.#idle === undefined) return false;
    const { clock } = this.#environment;
    const delayMs = this.#idleFrom - clock.now();
    if (delayMs <= 0) return true;
    this.#stopTimer ??= clock.after(delayMs, () => {
      this.#stopTimer = undefined;
      this.#outlet.bell.ring();
    });
    return false;
  }
}

export function withoutOrigin({ era, seq }: Cursor): Cursor {
  return { era, seq };
}

function isSameStep(a: StepCursor, b: StepCursor): boolean {
  return isSameCursor(a, b) && isSameCursor(a.origin, b.origin);
}
