/** A line of the world: what is sent arrives in order, after a while, until it is cut. */
import {
  type Dialer,
  type Peer,
  SyncError,
  type Transport,
  type TransportClose,
} from "@datahike-sync/core";
import type { Life } from "./timeline.ts";
import type { World } from "./world.ts";

/** Who takes lines. */
export interface Host {
  readonly isUp: boolean;
  readonly life: Life;
  accept(transport: Transport): void;
}

/** Opens lines from somebody to a host. */
export function dialer(world: World, life: Life, host: Host, principal: unknown): Dialer {
  return async ({ signal } = {}) => {
    await world.sleep(life, world.some(world.latencyMs));
    signal?.throwIfAborted();
    if (!host.isUp) throw new SyncError("TRANSPORT_CLOSED", "nobody takes lines here");
    const line = new SimLine(world, life, host.life, { address: "world", principal });
    host.accept(line.server);
    await world.sleep(life, world.some(world.latencyMs));
    return line.client;
  };
}

export class SimLine {
  readonly name: string;
  readonly world: World;
  readonly client: SimEnd;
  readonly server: SimEnd;
  /** Whether its handshake was ended early, of which the client cannot know. */
  isTruncated = false;
  /** Until when nothing arrives. */
  stalledUntil = 0;
  /** How many messages arrive before it is cut. */
  messagesLeft = Number.POSITIVE_INFINITY;
  #isCut = false;

  constructor(world: World, client: Life, server: Life, peer: Peer) {
    this.name = world.name("line");
    this.world = world;
    this.client = new SimEnd(this, client, { address: "world" });
    this.server = new SimEnd(this, server, peer);
    this.client.other = this.server;
    this.server.other = this.client;
    world.lines.add(this);
  }

  get ends(): readonly [SimEnd, SimEnd] {
    return [this.client, this.server];
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** What is on its way is lost, and each end learns of it in its time. */
  cut(clientMs = 0, serverMs = 0): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.world.say(`${this.name} is cut`);
    this.world.clock(this.client.life).after(clientMs, () => this.client.break());
    this.world.clock(this.server.life).after(serverMs, () => this.server.break());
  }

  /** Cuts it, and nobody takes it to be open any longer. */
  end(): void {
    this.cut();
    for (const end of this.ends) end.break();
  }

  onArrived(): void {
    if (--this.messagesLeft === 0) this.cut();
  }

  onEnded(): void {
    if (this.ends.every((end) => end.isOver)) this.world.lines.delete(this);
  }
}

type Parcel = Uint8Array | TransportClose;

/** How many messages may be under way before a sender waits. */
const ROOM = 6;

export class SimEnd implements Transport {
  readonly peer: Peer;
  readonly life: Life;
  readonly line: SimLine;
  /** Set once, by its line. */
  other: SimEnd = this;
  /** When what was sent last from here arrives. */
  #lastArrival = 0;
  #underWay = 0;
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];
  #listener: ((message: Uint8Array) => void) | undefined;
  #inbox: Uint8Array[] = [];
  #farewell: TransportClose | undefined;
  #isClosing = false;
  #ended: TransportClose | undefined;
  readonly #closeListeners = new Set<{ readonly listener: (close: TransportClose) => void }>();

  constructor(line: SimLine, life: Life, peer: Peer) {
    this.line = line;
    this.life = life;
    this.peer = peer;
  }

  get state(): "open" | "closed" {
    return this.#isClosing || this.#farewell !== undefined || this.#ended !== undefined
      ? "closed"
      : "open";
  }

  /** Whether nobody is there, or it was told that the line is over. */
  get isOver(): boolean {
    return this.life.isOver || this.#ended !== undefined;
  }

  send(head: Uint8Array, body: Uint8Array = NOTHING): Promise<void> {
    if (this.state === "closed") return Promise.reject(lineClosed());
    const message = new Uint8Array(head.length + body.length);
    message.set(head);
    message.set(body, head.length);
    this.#underWay++;
    this.#carry(message);
    if (this.#underWay <= ROOM) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    this.#listener = listener;
    queueMicrotask(() => this.#drain());
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    const box = { listener };
    this.#closeListeners.add(box);
    if (this.#ended !== undefined) queueMicrotask(() => this.#tell());
    return () => {
      this.#closeListeners.delete(box);
    };
  }

  async close(code?: string, reason?: string): Promise<void> {
    if (this.state === "open") {
      this.#isClosing = true;
      this.#inbox = [];
      this.#carry({ code, reason });
      await this.line.world.sleep(this.life, this.line.world.some(this.line.world.latencyMs));
    }
    this.#end({ code, reason });
    await Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  break(): void {
    this.#end({ error: new SyncError("TRANSPORT_CLOSED", "the line broke") });
  }

  /** Whoever was here is no more, and the other end learns of it behind what was sent. */
  abandon(afterMs: number): void {
    this.#lastArrival = Math.max(this.#lastArrival, this.line.world.timeline.now + afterMs);
    this.#carry({ error: new SyncError("TRANSPORT_CLOSED", "the other end is gone") });
  }

  #carry(parcel: Parcel): void {
    const { world, stalledUntil } = this.line;
    const { now } = world.timeline;
    const soonest = now + world.some(world.latencyMs);
    this.#lastArrival = Math.max(this.#lastArrival, stalledUntil, soonest);
    world.clock(this.other.life).after(this.#lastArrival - now, () => {
      if (this.line.isCut) return;
      this.other.#receive(parcel);
    });
  }

  #receive(parcel: Parcel): void {
    if (!(parcel instanceof Uint8Array)) {
      this.#farewell ??= parcel;
      this.#rejectWaiting();
      this.#drain();
      return;
    }
    this.other.#release();
    if (this.state === "closed") return;
    this.#inbox.push(parcel);
    this.#drain();
    this.line.onArrived();
  }

  #drain(): void {
    while (this.#listener !== undefined && this.#ended === undefined && !this.#isClosing) {
      const message = this.#inbox.shift();
      if (message === undefined) break;
      this.#listener(message);
    }
    if (this.#farewell !== undefined && this.#inbox.length === 0) this.#end(this.#farewell);
  }

  #release(): void {
    if (--this.#underWay <= ROOM / 2) for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #rejectWaiting(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(lineClosed());
  }

  #end(close: TransportClose): void {
    if (this.#ended !== undefined || this.life.isOver) return;
    this.#ended = close;
    this.#inbox = [];
    this.#rejectWaiting();
    queueMicrotask(() => this.#tell());
    this.line.onEnded();
  }

  #tell(): void {
    const close = this.#ended;
    if (close === undefined) return;
    for (const box of this.#closeListeners) {
      this.#closeListeners.delete(box);
      box.listener(close);
    }
  }
}

const NOTHING = new Uint8Array(0);

function lineClosed(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the line is closed");
}
