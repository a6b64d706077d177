/** A line that somebody can cut, to see what the page does without. */
import {
  type Dialer,
  type OnWake,
  SYSTEM_WAKE,
  SyncError,
  type Transport,
} from "@datahike-sync/core";

export class Line {
  /** Dials until the line is cut, and from when it is mended. */
  readonly dial: Dialer;
  /** Tells when a browser comes online, and when the line is mended. */
  readonly onWake: OnWake;
  readonly #wakes = new Set<() => void>();
  #open: Transport | undefined;
  #isCut = false;

  constructor(dial: Dialer) {
    this.dial = async (options) => {
      this.#check();
      const transport = await dial(options);
      this.#open = transport;
      // Cut while it was being opened.
      if (this.#isCut) await transport.close();
      this.#check();
      return transport;
    };
    this.onWake = (listener) => {
      const stop = SYSTEM_WAKE(listener);
      this.#wakes.add(listener);
      return () => {
        this.#wakes.delete(listener);
        stop();
      };
    };
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** What is open ends; until the line is mended there is no other. */
  cut(): void {
    this.#isCut = true;
    void this.#open?.close();
  }

  mend(): void {
    this.#isCut = false;
    for (const wake of this.#wakes) wake();
  }

  #check(): void {
    if (this.#isCut) throw new SyncError("TRANSPORT_CLOSED", "the line is cut");
  }
}
