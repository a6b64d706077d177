/**
 * The world: processes, stores and lines, and the loop in which the seed chooses what happens next. It
 * does one thing at a time and waits until everything that follows from it has been done.
 */
import type { SyncError, SyncEvent } from "@datahike-sync/core";
import { describe } from "../check.ts";
import type { OpenCable } from "./cable.ts";
import { Coverage } from "./coverage.ts";
import { Dice } from "./dice.ts";
import type { Engine } from "./engine.ts";
import { type Call, Gate } from "./gate.ts";
import type { View } from "./history.ts";
import { Life } from "./life.ts";
import { type Dial, Network } from "./network.ts";
import type { Opening, Place } from "./opening.ts";
import { Quiet } from "./quiet.ts";
import type { Kind, Scenario } from "./scenario.ts";
import type { SimEnd } from "./sim-line.ts";
import { Site } from "./site.ts";
import type { OpenWire } from "./socket-line.ts";
import { Tab, type TabWorld } from "./tab.ts";
import { Timeline } from "./timeline.ts";
import { TreeWalker } from "./tree-walker.ts";
import { WireCheck } from "./wire-check.ts";
import { WireTap } from "./wire-tap.ts";

export interface WorldOptions {
  readonly seed: number;
  /** Other choices of the same scenario. */
  readonly salt: number;
  readonly engine: Engine;
  readonly opening: Opening;
  readonly scenario: Scenario;
  readonly openCable?: OpenCable | undefined;
  readonly openWire?: OpenWire | undefined;
}

export class World implements TabWorld {
  readonly engine: Engine;
  readonly scenario: Scenario;
  readonly opening: Opening;
  readonly dice: Dice;
  readonly timeline: Timeline = new Timeline();
  readonly gate: Gate = new Gate();
  readonly network: Network;
  readonly tap: WireTap;
  readonly coverage: Coverage = new Coverage();
  readonly sites: Site[] = [];
  readonly trace: string[] = [];
  /** What went wrong first. */
  violation: string | undefined;
  readonly #awaited = new Map<string, Life>();
  readonly #seed: number;
  readonly #quiet = new Quiet();
  readonly #skews = new Map<Place, number>();
  /** The latest time of day that there ever was at a place. */
  readonly #latest = new Map<Place, number>();
  /** Places that may have lost something that was written. */
  readonly #losers = new Set<Place>();
  readonly #own = new Life("world");
  /** What was put off until now. */
  readonly #due: (() => void | Promise<void>)[] = [];
  /** Counts versions, nodes and processes: each is new. */
  #count = 0;

  constructor({ seed, salt, engine, opening, scenario, ...lines }: WorldOptions) {
    this.#seed = seed;
    this.engine = engine;
    this.opening = opening;
    this.scenario = scenario;
    this.dice = new Dice(seed, salt + 1);
    this.tap = new WireTap({
      coverage: this.coverage,
      check: new WireCheck({
        windowBytes: scenario.limits.windowBytes ?? Number.POSITIVE_INFINITY,
        siteOf: ({ life }) => this.#tabOf(life)?.site,
        violate: (what) => this.violate(what),
      }),
      say: (text) => this.say(text),
    });
    const { latency, maxQueueBytes } = scenario;
    const { tap } = this;
    const options = { latency, maxQueueBytes, tap, ...lines };
    this.network = new Network(this.timeline, this.dice, options);
  }

  /** The store that follows nobody, or the first of those that follow each other. */
  get primary(): Site {
    return this.sites[0] as Site;
  }

  get followers(): readonly Site[] {
    return this.sites.filter(({ upstream }) => upstream !== undefined);
  }

  next(): number {
    return ++this.#count;
  }

  say(text: string): void {
    this.trace.push(`${Math.round(this.timeline.now)} ${text}`);
  }

  violate(what: string): void {
    this.violation ??= what;
  }

  addSite(name: string): Site {
    const dice = new Dice(this.#seed, 1000 + this.sites.length);
    const place: Place = {
      name,
      get isFollowed() {
        return site.isServing;
      },
      now: () => {
        const now = EPOCH_MS + Math.round(this.timeline.now) + (this.#skews.get(place) ?? 0);
        this.#latest.set(place, Math.max(now, this.#latest.get(place) ?? 0));
        return now;
      },
      random: () => dice.next(),
    };
    this.#skews.set(place, dice.pick([0, 0, 1, -1]) * dice.below(20 * HOUR_MS));
    const site = new Site({
      index: this.sites.length,
      place,
      walker: this.scenario.kind === "plain" ? undefined : new TreeWalker(),
      recycles: this.scenario.kind === "recycling",
      view: everything(this.scenario.kind),
      violate: (what) => this.violate(what),
    });
    this.sites.push(site);
    return site;
  }

  /** Sets the time of day of a place forward or back. */
  skew({ place }: Site, ms: number): void {
    this.#skews.set(place, (this.#skews.get(place) ?? 0) + ms);
    if (this.#losers.has(place)) this.moveClockOn(place);
  }

  /**
   * Fails the power of a place. Commits that this loses may be elsewhere, and those that come instead
   * must have other times, which a store cannot see to whose clock is set back at that very moment.
   */
  failPower({ place }: Site): void {
    this.opening.crash?.(place);
    this.moveClockOn(place);
  }

  /**
   * Sets a clock that is behind what was written right, as an operator does who has lost some of that, and
   * takes care that it stays so.
   */
  moveClockOn(place: Place): void {
    this.#losers.add(place);
    const behindMs = (this.#latest.get(place) ?? 0) - place.now();
    if (behindMs > 0) this.#skews.set(place, (this.#skews.get(place) ?? 0) + behindMs + 1_000);
  }

  /** Starts a process at a site. */
  async start(site: Site): Promise<Tab> {
    const real = await this.opening.open(site.place);
    await site.onOpen(real, site.tabs.length === 0);
    const name = `${site.name}${site.tabs.length === 0 ? "" : "'"}`;
    const tab = new Tab(site, name, real, this, this.#seed + this.next());
    site.tabs.push(tab);
    site.isShared ||= site.tabs.length > 1;
    if (site.isServing) tab.serve();
    tab.subscribe();
    return tab;
  }

  /** A process is no more, at once and without a word. */
  kill(tab: Tab, tellsAfterMs: number): void {
    tab.life.isOver = true;
    this.gate.drop(tab.life);
    tab.site.tabs.splice(tab.site.tabs.indexOf(tab), 1);
    const learnsAt = this.timeline.now + tellsAfterMs;
    for (const line of this.network.lines) {
      if (line.ends.every(({ life }) => life !== tab.life)) continue;
      line.cut({ dialer: learnsAt, server: learnsAt }, false);
    }
  }

  /** Does something when it is time. */
  later(ms: number, job: () => void | Promise<void>): void {
    this.timeline.clock(this.#own, 0).after(ms, () => this.#due.push(job));
  }

  /** Remembers a promise until it settles, and what an engine must not answer. */
  watch(life: Life, what: string, promise: Promise<unknown>): void {
    const name = `${life.name}: ${what} (${this.next()})`;
    this.#awaited.set(name, life);
    const settled = (error?: unknown) => {
      this.#awaited.delete(name);
      if (error === undefined) return;
      this.say(`${what} failed: ${codeOf(error) ?? "without a code"}`);
      if (isWrong(error)) this.violate(`${what} failed: ${describe(error)}`);
    };
    promise.then(() => settled(), settled);
  }

  /** What was asked for and has not been answered; of somebody who is no more nobody expects an answer. */
  get awaited(): readonly string[] {
    return [...this.#awaited].flatMap(([name, life]) => (life.isOver ? [] : [name]));
  }

  clock(life: Life): ReturnType<Timeline["clock"]> {
    return this.timeline.clock(life, new Dice(this.#seed, life.name.length).below(HOUR_MS));
  }

  onEvent(tab: Tab, event: SyncEvent): void {
    this.coverage.count(`event: ${event.type}`);
    if (event.type === "fault") {
      const { error } = event;
      this.violate(`${tab.life.name} reports a fault: ${error.stack} ${causeOf(error)}`);
    } else if (event.type !== "step" && event.type !== "line-opened") {
      this.say(`${tab.life.name} ${event.type}`);
    }
  }

  onError(tab: Tab, error: SyncError): void {
    this.say(`${tab.life.name} error ${error.code}`);
    // What one tab prunes, another may be about to read.
    const isRace = error.code === "NODE_MISSING" && tab.site.tabs.length > 1;
    if (WRONG_CODES.has(error.code) && !isRace) {
      this.violate(`${tab.life.name} has an error: ${error.stack} ${causeOf(error)}`);
    }
  }

  /** Everything that can happen now. */
  get ready(): readonly Happening[] {
    return [
      ...this.gate.ready.map((call): Happening => ({ is: "call", call })),
      ...this.network.arrived.map((end): Happening => ({ is: "arrival", end })),
      ...this.network.answered.map((dial): Happening => ({ is: "dial", dial })),
      ...this.#due.slice(0, 1).map((job): Happening => ({ is: "job", job })),
    ];
  }

  /** Lets one thing happen. */
  async happen(what: Happening): Promise<void> {
    switch (what.is) {
      case "call":
        await this.#call(what.call);
        break;
      case "arrival":
        what.end.arrive();
        break;
      case "dial":
        this.say(what.dial.label);
        await this.network.take(what.dial);
        break;
      case "job":
        this.#due.shift();
        await what.job();
    }
    await this.quiet();
  }

  /** When something happens next for which only time has to go on. */
  get nextAt(): number {
    return Math.min(this.timeline.next, this.network.next);
  }

  /** Lets time go on to whatever is next. Returns false when there is nothing. */
  async pass(): Promise<boolean> {
    if (this.network.isBusy) {
      await this.#live();
      return true;
    }
    const [timer, arrival] = [this.timeline.next, this.network.next];
    if (Math.min(timer, arrival) === Number.POSITIVE_INFINITY) return false;
    if (timer <= arrival) this.timeline.fire();
    else this.timeline.now = Math.max(this.timeline.now, arrival);
    await this.quiet();
    return true;
  }

  /** While real lines bring something, time goes on as it does outside. */
  async #live(): Promise<void> {
    const begin = performance.now();
    await this.network.stirred();
    const until = this.timeline.now + (performance.now() - begin);
    while (this.timeline.next <= until) this.timeline.fire();
    this.timeline.now = Math.max(this.timeline.now, until);
    await this.quiet();
  }

  /** Waits until everything that was begun waits for the world. */
  async quiet(): Promise<void> {
    do await this.#quiet.wait();
    while (await this.network.carried());
  }

  /** Frees what the world holds. */
  async end(): Promise<void> {
    for (const { tabs } of this.sites) for (const { life } of tabs) life.isOver = true;
    this.#quiet.end();
    await this.network.close();
  }

  async #call(call: Call): Promise<void> {
    this.gate.take(call);
    this.say(`${call.life.name}: ${call.label}`);
    const tab = this.#tabOf(call.life);
    // Whoever called learns the result when it was looked at: nothing goes on before that.
    await call.run(async () => {
      if (call.kind !== "change" || tab === undefined) return;
      await tab.site.inspect(tab.real);
      tab.site.spring();
    });
  }

  #tabOf(life: Life): Tab | undefined {
    return this.sites.flatMap(({ tabs }) => tabs).find((tab) => tab.life === life);
  }
}

/** Something that can happen. */
export type Happening =
  | { readonly is: "call"; readonly call: Call }
  | { readonly is: "arrival"; readonly end: SimEnd }
  | { readonly is: "dial"; readonly dial: Dial }
  | { readonly is: "job"; readonly job: () => void | Promise<void> };

/** What somebody sees who may see all: under a walker the pointers, which have keywords as keys. */
export function everything(kind: Kind): View {
  return { id: "everything", sees: (key) => kind === "plain" || key.startsWith(":") };
}

export const HOUR_MS = 3_600_000;
const EPOCH_MS = 1_700_000_000_000;

/** In a world whose lines never change a byte, nobody may say these. */
const WRONG_CODES: ReadonlySet<string> = new Set([
  "INTERNAL",
  "PROTOCOL_VIOLATION",
  "CHECKSUM_MISMATCH",
  "CODEC_INVALID",
  "UNKNOWN_MESSAGE",
  "UNKNOWN_CODEC",
  "LIMIT_EXCEEDED",
  "FRAME_TOO_LARGE",
  "IMMUTABLE_CHANGED",
  "ENTRY_UNREADABLE",
  "NODE_MISSING",
]);

function isWrong(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined || WRONG_CODES.has(code);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? `because of ${cause.stack}` : "";
}
