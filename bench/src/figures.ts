/** What a process has used while it did something. */

export interface Figures {
  /** Of all its threads. */
  readonly cpuMs: number;
  /** Of what is live in the heap and outside of it; `undefined` where it was not looked at. */
  readonly peakBytes: number | undefined;
}

/** How long after one look at the memory the next is taken, at least. */
const SAMPLE_MS = 20;

/** How much longer than a look takes, which collects all garbage: so that something is done meanwhile. */
const SAMPLE_SHARE = 2;

/** Measures this process from one call to another. */
export class Meter {
  #cpu: NodeJS.CpuUsage = process.cpuUsage();
  #peakBytes: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param isSampling Whether to look at the memory. What is done then is several times as slow, and for a
   * while afterwards too.
   */
  begin(isSampling: boolean): void {
    this.#peakBytes = undefined;
    if (isSampling) this.#sample();
    this.#cpu = process.cpuUsage();
  }

  end(): Figures {
    const { user, system } = process.cpuUsage(this.#cpu);
    if (this.#timer !== undefined) this.#look();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return { cpuMs: (user + system) / 1000, peakBytes: this.#peakBytes };
  }

  #sample(): void {
    const startMs = performance.now();
    this.#look();
    const tookMs = performance.now() - startMs;
    this.#timer = setTimeout(() => this.#sample(), Math.max(SAMPLE_MS, SAMPLE_SHARE * tookMs));
  }

  #look(): void {
    if (globalThis.gc === undefined) throw new Error("needs --expose-gc");
    globalThis.gc();
    // `external` holds array buffers too.
    const { heapUsed, external } = process.memoryUsage();
    this.#peakBytes = Math.max(this.#peakBytes ?? 0, heapUsed + external);
  }
}

/** Milliseconds by a clock that all processes of a machine share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
