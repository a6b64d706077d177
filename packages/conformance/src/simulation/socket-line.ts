/** A real line of a world: what is sent on it arrives when the sockets say so. */
import type { Clock, Peer, Transport, TransportClose } from "@datahike-sync/core";
import type { Life } from "./life.ts";
import type { Side, WorldEnd, WorldLine } from "./line.ts";
import type { NetworkTap } from "./network.ts";

/** A real line, and what can be done to it from outside. */
export interface Wire {
  readonly dialer: Transport;
  readonly server: Transport;
  /** Carries so many bytes more, both ways together, and then nothing. Nobody is told. */
  cutAfter(bytes: number): void;
  /** Breaks the connection that one side has, at once and without a word to the other. */
  drop(side: Side): void;
  /** Carries nothing until it is let go. */
  hold(isHeld: boolean): void;
}

/** Opens a real line. */
export type OpenWire = () => Promise<Wire>;

export interface SocketLineWorld {
  readonly clock: Clock;
  readonly tap: NetworkTap;
  /** At least 0, below 1. */
  random(): number;
  /** Something has happened on a line. */
  onStir(): void;
}

export class SocketLine implements WorldLine {
  readonly name: string;
  readonly dialer: SocketEnd;
  readonly server: SocketEnd;
  readonly #wire: Wire;
  readonly #world: SocketLineWorld;
  #isCut = false;
  /** Sides that will learn of it as soon as their sockets say so. */
  readonly #dropped = new Set<Side>();
  #release: (() => void) | undefined;

  constructor(
    name: string,
    wire: Wire,
    world: SocketLineWorld,
    lives: Readonly<Record<Side, Life>>,
    peer: Peer,
  ) {
    this.name = name;
    this.#wire = wire;
    this.#world = world;
    this.dialer = new SocketEnd(
      this,
      "dialer",
      lives.dialer,
      wire.dialer,
      { address: "world" },
      world,
    );
    this.server = new SocketEnd(this, "server", lives.server, wire.server, peer, world);
  }

  get ends(): readonly [SocketEnd, SocketEnd] {
    return [this.dialer, this.server];
  }

  get isOver(): boolean {
    return this.ends.every(({ life, isTold }) => life.isOver || isTold);
  }

  /** Whether something is on its way to somebody, by itself. */
  get isBusy(): boolean {
    const isCarrying = !this.#isCut && this.#release === undefined;
    return this.ends.some(({ side, life, state, isTold, underWay }) => {
      if (life.isOver || isTold) return false;
      if (this.#dropped.has(side)) return true;
      return isCarrying && (state === "closed" || underWay > 0);
    });
  }

  cut(learns: Readonly<Record<Side, number>>, _keepsLateFrames: boolean): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#wire.cutAfter(Math.floor(this.#world.random() ** 4 * MOST_BYTES));
    const { clock } = this.#world;
    for (const side of ["dialer", "server"] as const) {
      clock.after(learns[side] - clock.now(), () => this.#drop(side));
    }
  }

  stall(until: number): void {
    const { clock } = this.#world;
    this.heal();
    this.#wire.hold(true);
    this.#release = clock.after(until - clock.now(), () => this.heal());
  }

  heal(): void {
    this.#release?.();
    this.#release = undefined;
    this.#wire.hold(false);
  }

  /** Frees the sockets. */
  async end(): Promise<void> {
    this.#release?.();
    this.#drop("dialer");
    this.#drop("server");
  }

  #drop(side: Side): void {
    this.#dropped.add(side);
    this.#wire.drop(side);
  }
}

/** A transport under the eyes of the world. For somebody whose life has ended nothing happens any more. */
export class SocketEnd implements Transport, WorldEnd {
  readonly line: SocketLine;
  readonly side: Side;
  readonly life: Life;
  readonly peer: Peer;
  readonly #real: Transport;
  readonly #world: SocketLineWorld;
  /** What was sent from the other end and has not been taken here, in order. */
  readonly #coming: Uint8Array[] = [];
  #isTold = false;

  constructor(
    line: SocketLine,
    side: Side,
    life: Life,
    real: Transport,
    peer: Peer,
    world: SocketLineWorld,
  ) {
    this.line = line;
    this.side = side;
    this.life = life;
    this.peer = peer;
    this.#real = real;
    this.#world = world;
    real.onClose(() => {
      this.#isTold = true;
      world.onStir();
    });
  }

  get state(): "open" | "closed" {
    return this.#real.state;
  }

  get isTold(): boolean {
    return this.#isTold;
  }

  /** Messages on their way to this end. */
  get underWay(): number {
    return this.#isTold ? 0 : this.#coming.length;
  }

  get #other(): SocketEnd {
    return this.side === "dialer" ? this.line.server : this.line.dialer;
  }

  send(head: Uint8Array, body?: Uint8Array): Promise<void> {
    if (this.life.isOver) return new Promise(() => undefined);
    if (this.state === "open") {
      const message = new Uint8Array(head.length + (body?.length ?? 0));
      message.set(head);
      if (body !== undefined) message.set(body, head.length);
      this.#other.#coming.push(message);
      this.#world.tap.onSent(this, message);
    }
    return this.#real.send(head, body);
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    return this.#real.onMessage((message) => {
      const sent = this.#coming.shift();
      this.#world.onStir();
      if (this.life.isOver || sent === undefined) return;
      this.#world.tap.onTaken(this, sent, false);
      listener(message);
    });
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    return this.#real.onClose((close) => {
      if (!this.life.isOver) listener(close);
    });
  }

  close(code?: string, reason?: string): Promise<void> {
    return this.life.isOver ? new Promise(() => undefined) : this.#real.close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A cut line carries at most so much more; mostly far less. */
const MOST_BYTES = 20_000;
