/** The lines between the processes of a world, and how they fail. */
import {
  type Dialer,
  type Peer,
  SyncError,
  TRANSPORT_LIMITS,
  type Transport,
  type TransportServer,
} from "@datahike-sync/core";
import { Cable, type OpenCable } from "./cable.ts";
import type { Dice } from "./dice.ts";
import type { Life } from "./life.ts";
import { type LineWorld, type SimEnd, SimLine } from "./sim-line.ts";
import type { Timeline } from "./timeline.ts";

/** Somebody who takes lines. */
export class SimServer implements TransportServer {
  readonly address: string;
  readonly life: Life;
  readonly #listeners = new Set<(transport: Transport) => void>();

  constructor(life: Life) {
    this.life = life;
    this.address = life.name;
  }

  get isListening(): boolean {
    return !this.life.isOver && this.#listeners.size > 0;
  }

  onConnection(listener: (transport: Transport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  take(transport: Transport): void {
    for (const listener of this.#listeners) listener(transport);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Somebody who waits for a line. */
export interface Dial {
  readonly life: Life;
  readonly label: string;
  readonly at: number;
  run(): Promise<void>;
}

/** Told of every message. */
export interface NetworkTap {
  onSent(end: SimEnd, message: Uint8Array): void;
  onTaken(end: SimEnd, message: Uint8Array, isLate: boolean): void;
}

/** How long messages take, in milliseconds. */
export interface Latency {
  readonly least: number;
  readonly most: number;
}

export interface NetworkOptions {
  readonly latency: Latency;
  readonly maxQueueBytes: number;
  readonly tap: NetworkTap;
  /** Real lines, through which all messages go. Default: none. */
  readonly openCable?: OpenCable | undefined;
}

export class Network {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #options: NetworkOptions;
  #lines: SimLine[] = [];
  #dials: Dial[] = [];
  #count = 0;
  /** Until when nothing that is sent arrives, by the line's name. */
  readonly #stalls = new Map<string, number>();
  readonly #cables: Cable[] = [];
  readonly #carrying = new Set<Promise<void>>();
  /** Whether no line can be had. */
  isDown = false;

  constructor(timeline: Timeline, dice: Dice, options: NetworkOptions) {
    this.#timeline = timeline;
    this.#dice = dice;
    this.#options = options;
  }

  /** The lines of which somebody has not yet learned that they are over. */
  get lines(): readonly SimLine[] {
    this.#lines = this.#lines.filter((line) => !line.isOver);
    return this.#lines;
  }

  /** Lines that both ends take to be open. */
  get openLines(): readonly SimLine[] {
    return this.lines.filter((line) => line.ends.every((end) => end.state === "open"));
  }

  /** Ends at which something has arrived. */
  get arrived(): readonly SimEnd[] {
    const { now } = this.#timeline;
    return this.lines.flatMap(({ ends }) => ends.filter(({ next }) => (next ?? now + 1) <= now));
  }

  get answered(): readonly Dial[] {
    this.#dials = this.#dials.filter(({ life }) => !life.isOver);
    return this.#dials.filter(({ at }) => at <= this.#timeline.now);
  }

  /** When something arrives next. */
  get next(): number {
    const times = this.lines.flatMap(({ ends }) => ends.map(({ next }) => next ?? Infinity));
    return Math.min(...times, ...this.#dials.map(({ at }) => at));
  }

  take(dial: Dial): Promise<void> {
    this.#dials = this.#dials.filter((other) => other !== dial);
    return dial.run();
  }

  /** Waits until real lines have carried everything. */
  async carried(): Promise<boolean> {
    if (this.#carrying.size === 0) return false;
    await Promise.all(this.#carrying);
    return true;
  }

  async close(): Promise<void> {
    await Promise.all(this.#cables.map((cable) => cable.close()));
  }

  /** Opens lines from somebody to whoever then serves there. */
  dialer(life: Life, server: () => SimServer | undefined, peer: Peer): Dialer {
    return ({ signal } = {}) =>
      new Promise((resolve, reject) => {
        const leave = () => reject(new SyncError("ABORTED", "nobody waits for the line any more"));
        if (signal?.aborted === true) return leave();
        const stop = () => {
          this.#dials = this.#dials.filter((other) => other !== dial);
          leave();
        };
        const run = async () => {
          signal?.removeEventListener("abort", stop);
          const there = server();
          if (this.isDown || there === undefined || !there.isListening) {
            reject(new SyncError("TRANSPORT_CLOSED", "nobody takes lines there"));
          } else resolve((await this.#connect(life, there, peer)).dialer);
        };
        const dial = { life, label: `dial ${life.name}`, at: this.#after(), run };
        this.#dials.push(dial);
        signal?.addEventListener("abort", stop, { once: true });
      });
  }

  /** Everything that is sent on this line until then arrives later. */
  stall(line: SimLine, ms: number): void {
    this.#stalls.set(line.name, this.#timeline.now + ms);
  }

  /** The stalls end. */
  heal(): void {
    this.isDown = false;
    this.#stalls.clear();
  }

  async #connect(life: Life, server: SimServer, peer: Peer): Promise<SimLine> {
    const { tap, maxQueueBytes, openCable } = this.#options;
    const cable = openCable && new Cable(await openCable());
    if (cable !== undefined) this.#cables.push(cable);
    const world: LineWorld = {
      maxFrameBytes: TRANSPORT_LIMITS.maxFrameBytes,
      maxQueueBytes,
      arrival: (own) => Math.max(this.#after(), this.#stalls.get(own.name) ?? 0),
      onSent: (end, message) => tap.onSent(end, message),
      onTaken: (end, message, isLate) => tap.onTaken(end, message, isLate),
      ...(cable !== undefined && {
        carry: (to, message, arrived) => this.#carry(cable.carry(to.side, message), arrived),
      }),
    };
    const name = `${life.name}-${server.life.name}#${++this.#count}`;
    const line = new SimLine(name, world, { dialer: life, server: server.life }, peer);
    this.#lines.push(line);
    server.take(line.server);
    return line;
  }

  #carry(message: Promise<Uint8Array>, arrived: (message: Uint8Array) => void): void {
    const carrying = message.then(arrived).finally(() => this.#carrying.delete(carrying));
    this.#carrying.add(carrying);
  }

  #after(): number {
    const { least, most } = this.#options.latency;
    return this.#timeline.now + this.#dice.between(least, most);
  }
}
