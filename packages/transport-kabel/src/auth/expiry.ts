/** When credentials are over. */
import { SYSTEM_CLOCK } from "@datahike-sync/core";

/** Calls back when the credentials of a line are over, of which there may come newer ones before. */
export class Expiry {
  readonly #onOver: () => void;
  #cancel: () => void = () => undefined;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** A date that is none is over: who cannot say how long something is good is not believed that it is. */
  static isOver(time: Date | undefined): boolean {
    return time !== undefined && !(time.getTime() > Date.now());
  }

  /** Until when they are good; `undefined` for ever. In place of what was set before. */
  set(time: Date | undefined): void {
    this.stop();
    if (time === undefined) return;
    this.#cancel = SYSTEM_CLOCK.after(Math.max(0, time.getTime() - Date.now()), () => {
      // A timer may be early by a little, by the clock on the wall.
      if (Expiry.isOver(time)) this.#onOver();
      else this.set(time);
    });
  }

  stop(): void {
    this.#cancel();
  }
}
