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
import { Life } from "./life.ts";
import type { WorldEnd, WorldLine } from "./line.ts";
import { type LineWorld, type SimEnd, SimLine } from "./sim-line.ts";
import { type OpenWire, SocketLine, type Wire } from "./socket-line.ts";
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
  onSent(end: WorldEnd, message: Uint8Array): void;
  onTaken(end: WorldEnd, message: Uint8Array, isLate: boolean): void;
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
  /** Real lines in place of the world's own. Default: none. */
  readonly openWire?: OpenWire | undefined;
}

export class Network {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #options: NetworkOptions;
  #lines: (SimLine | SocketLine)[] = [];
  #dials: Dial[] = [];
  #count = 0;
  readonly #cables: Cable[] = [];
  readonly #carrying = new Set<Promise<void>>();
  readonly #socketLines: SocketLine[] = [];
  readonly #own = new Life("network");
  #stir: () => void = () => undefined;
  /** Whether no line can be had. */
  isDown = false;

  constructor(timeline: Timeline, dice: Dice, options: NetworkOptions) {
    this.#timeline = timeline;
    this.#dice = dice;
    this.#options = options;
  }

  /** The lines of which somebody has not yet learned that they are over. */
  get lines(): readonly WorldLine[] {
    return this.#openOrNot;
  }

  /** Lines that both ends take to be open. */
  get openLines(): readonly WorldLine[] {
    return this.lines.filter((line) => line.ends.every((end) => end.state === "open"));
  }

  /** Ends at which something has arrived. */
  get arrived(): readonly SimEnd[] {
    const { now } = this.#timeline;
    return this.#simLines.flatMap(({ ends }) =>
      ends.filter(({ next }) => (next ?? now + 1) <= now),
    );
  }

  get answered(): readonly Dial[] {
    this.#dials = this.#dials.filter(({ life }) => !life.isOver);
    return this.#dials.filter(({ at }) => at <= this.#timeline.now);
  }

  /** When something arrives next. */
  get next(): number {
    const times = this.#simLines.flatMap(({ ends }) => ends.map(({ next }) => next ?? Infinity));
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

  /** Whether real lines will bring something by themselves. */
  get isBusy(): boolean {
    return this.#lines.some((line) => line instanceof SocketLine && line.isBusy);
  }

  /** Resolves when real lines have brought something, or have not for a while. */
  async stirred(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STIR_MS);
      this.#stir = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    this.#own.isOver = true;
    await Promise.all(this.#cables.map((cable) => cable.close()));
    await Promise.all(this.#socketLines.map((line) => line.end()));
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

  /** The stalls end. */
  heal(): void {
    this.isDown = false;
    for (const line of this.lines) line.heal();
  }

  get #openOrNot(): readonly (SimLine | SocketLine)[] {
    this.#lines = this.#lines.filter((line) => !line.isOver);
    return this.#lines;
  }

  get #simLines(): readonly SimLine[] {
    return this.#openOrNot.filter((line) => line instanceof SimLine);
  }

  async #connect(life: Life, server: SimServer, peer: Peer): Promise<SimLine | SocketLine> {
    const name = `${life.name}-${server.life.name}#${++this.#count}`;
    const { openWire } = this.#options;
    const line =
      openWire === undefined
        ? await this.#imagine(name, life, server, peer)
        : this.#wired(name, await openWire(), life, server, peer);
    this.#lines.push(line);
    server.take(line.server);
    return line;
  }

  async #imagine(name: string, life: Life, server: SimServer, peer: Peer): Promise<SimLine> {
    const { tap, maxQueueBytes, openCable } = this.#options;
    const cable = openCable && new Cable(await openCable());
    if (cable !== undefined) this.#cables.push(cable);
    const world: LineWorld = {
      maxFrameBytes: TRANSPORT_LIMITS.maxFrameBytes,
      maxQueueBytes,
      arrival: (own) => Math.max(this.#after(), own.stalledUntil),
      onSent: (end, message) => tap.onSent(end, message),
      onTaken: (end, message, isLate) => tap.onTaken(end, message, isLate),
      ...(cable !== undefined && {
        carry: (to, message, arrived) => this.#carry(cable.carry(to.side, message), arrived),
      }),
    };
    return new SimLine(name, world, { dialer: life, server: server.life }, peer);
  }

  #wired(name: string, wire: Wire, life: Life, server: SimServer, peer: Peer): SocketLine {
    const world = {
      clock: this.#timeline.clock(this.#own, 0),
      tap: this.#options.tap,
      random: () => this.#dice.next(),
      onStir: () => this.#stir(),
    };
    const line = new SocketLine(name, wire, world, { dialer: life, server: server.life }, peer);
    this.#socketLines.push(line);
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

/** How long nothing may come before somebody looks whether something else can happen. */
const STIR_MS = 5;
