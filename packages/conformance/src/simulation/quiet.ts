/** Waiting until nothing more happens by itself. */

/**
 * A message between two ports is a task of its own: it comes only when no promise is left that could
 * go on. So nothing depends on how many turns the promises take, nor on any timer.
 */
export class Quiet {
  readonly #channel = new MessageChannel();
  #resolve: () => void = () => undefined;

  constructor() {
    this.#channel.port1.onmessage = () => this.#resolve();
  }

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#channel.port2.postMessage(undefined);
    });
  }

  end(): void {
    this.#channel.port1.close();
  }
}
