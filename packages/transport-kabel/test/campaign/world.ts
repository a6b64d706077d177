/** What everything in a world shares: time, chance, a trace, and what was found wrong. */
import type { Clock } from "@datahike-sync/core";
import { Random } from "@datahike-sync/testing";
import type { SimLine } from "./line.ts";
import { Life, Timeline } from "./timeline.ts";

export class World {
  readonly seed: number;
  readonly timeline: Timeline = new Timeline();
  readonly trace: string[] = [];
  /** How often each thing happened. */
  readonly met: Map<string, number> = new Map();
  /** All that are not over, of whoever. */
  readonly lines: Set<SimLine> = new Set();
  /** Of the world itself. */
  readonly life: Life = new Life("world");
  readonly random: Random;
  /** The first thing that must hold and did not. */
  violation: string | undefined;
  /** How long messages may take. */
  latencyMs: number;
  /** Whether nothing fails any more. */
  isCalm = false;
  #lastName = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new Random(1, seed);
    this.latencyMs = this.random.pick([5, 20, 300]);
  }

  /** In whole milliseconds since the epoch. */
  get timeOfDay(): number {
    return EPOCH_MS + Math.floor(this.timeline.now);
  }

  say(what: string): void {
    this.trace.push(`${this.timeline.now.toFixed(1)} ${what}`);
  }

  meet(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  violate(what: string): void {
    this.say(`VIOLATED ${what}`);
    this.violation ??= what;
  }

  chance(chance: number): boolean {
    return this.random.next() < chance;
  }

  /** A time between nothing and this. */
  some(ms: number): number {
    return this.random.next() * ms;
  }

  name(prefix: string): string {
    return `${prefix}${++this.#lastName}`;
  }

  clock(life: Life = this.life): Clock {
    return this.timeline.clock(life);
  }

  /** Resolves after this long; never for somebody who is no more by then. */
  sleep(life: Life, ms: number): Promise<void> {
    return new Promise((resolve) => this.clock(life).after(ms, resolve));
  }

  /** Lets time go on for so long, or until something was violated. */
  async pass(ms: number): Promise<void> {
    const until = this.timeline.now + ms;
    await quiet();
    while (this.timeline.next <= until && this.violation === undefined) {
      this.timeline.fire();
      await quiet();
    }
    this.timeline.now = Math.max(this.timeline.now, until);
  }
}

const EPOCH_MS = 1_700_000_000_000;

/** Waits until everything that was begun waits for time: a task of its own comes behind all promises. */
function quiet(): Promise<void> {
  return new Promise((resolve) => nextTask(resolve));
}

const nextTask: (job: () => void) => void =
  typeof setImmediate === "function" ? setImmediate : tasksOfPort();

function tasksOfPort(): (job: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const jobs: (() => void)[] = [];
  port1.onmessage = () => jobs.shift()?.();
  return (job) => {
    jobs.push(job);
    port2.postMessage(undefined);
  };
}
