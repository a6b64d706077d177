/** A line between two processes of the world: what is under way on it arrives when the world says so. */
import { type Peer, SyncError, type Transport, type TransportClose } from "@datahike-sync/core";
import type { Life } from "./life.ts";
import type { Side, WorldEnd, WorldLine } from "./line.ts";

/** Something that is on its way to an end. */
type Parcel = Message | Ending;

interface Message {
  readonly at: number;
  readonly sent: Uint8Array;
  /** What arrives: what was sent, or what a real line made of it. */
  bytes: Uint8Array;
  /** Arrives although its line is over, as a transport with a fault would let it. */
  readonly isLate: boolean;
}

/** The end of the line, as one of its ends learns of it. */
interface Ending {
  readonly at: number;
  readonly close: TransportClose;
}

/** What a line takes from its network. */
export interface LineWorld {
  readonly maxFrameBytes: number;
  readonly maxQueueBytes: number;
  /** When something that is sent now arrives. */
  arrival(line: SimLine): number;
  /** Takes a message through a real line to this end, where there is one. */
  carry?(to: SimEnd, message: Uint8Array, arrived: (message: Uint8Array) => void): void;
  onSent(end: SimEnd, message: Uint8Array): void;
  onTaken(end: SimEnd, message: Uint8Array, isLate: boolean): void;
}

export class SimLine implements WorldLine {
  readonly name: string;
  readonly dialer: SimEnd;
  readonly server: SimEnd;
  /** Until when nothing that is sent arrives. */
  #stalledUntil = 0;

  constructor(name: string, world: LineWorld, lives: Readonly<Record<Side, Life>>, peer: Peer) {
    this.name = name;
    this.dialer = new SimEnd(this, "dialer", lives.dialer, { address: "world" }, world);
    this.server = new SimEnd(this, "server", lives.server, peer, world);
  }

  get ends(): readonly [SimEnd, SimEnd] {
    return [this.dialer, this.server];
  }

  get stalledUntil(): number {
    return this.#stalledUntil;
  }

  get isOver(): boolean {
    return this.ends.every((end) => end.life.isOver || (end.isTold && end.next === undefined));
  }

  cut(learns: Readonly<Record<Side, number>>, keepsLateFrames: boolean): void {
    for (const end of this.ends) end.lose(learns[end.side], keepsLateFrames);
  }

  stall(until: number): void {
    this.#stalledUntil = until;
  }

  heal(): void {
    this.#stalledUntil = 0;
  }
}

/** As the contract of a transport says, but for what a cut with late frames does. */
export class SimEnd implements Transport, WorldEnd {
  readonly line: SimLine;
  readonly side: Side;
  readonly life: Life;
  readonly peer: Peer;
  readonly #world: LineWorld;
  /** What is on its way to this end. */
  #coming: Parcel[] = [];
  /** Bytes that were sent from here and not taken there. */
  #waitingBytes = 0;
  #waiters: { readonly resolve: () => void; readonly reject: (error: SyncError) => void }[] = [];
  #listener: ((message: Uint8Array) => void) | undefined;
  readonly #inbox: Message[] = [];
  #farewell: TransportClose | undefined;
  #isClosing = false;
  /** Whether what is sent from here still goes anywhere. */
  #isCut = false;
  #ended: TransportClose | undefined;
  readonly #closeListeners = new Set<(close: TransportClose) => void>();
  readonly #whenTold: Promise<void>;
  #told: () => void = () => undefined;

  constructor(line: SimLine, side: Side, life: Life, peer: Peer, world: LineWorld) {
    this.line = line;
    this.side = side;
    this.life = life;
    this.peer = peer;
    this.#world = world;
    this.#whenTold = new Promise((resolve) => {
      this.#told = resolve;
    });
  }

  get other(): SimEnd {
    return this.side === "dialer" ? this.line.server : this.line.dialer;
  }

  get state(): "open" | "closed" {
    const isOpen = !this.#isClosing && this.#farewell === undefined;
    return isOpen && this.#ended === undefined ? "open" : "closed";
  }

  get isTold(): boolean {
    return this.#ended !== undefined;
  }

  /** When the next thing arrives here. */
  get next(): number | undefined {
    return this.life.isOver ? undefined : this.#coming[0]?.at;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  async send(head: Uint8Array, body: Uint8Array = NOTHING): Promise<void> {
    if (this.state === "closed") throw lineClosed();
    const { maxFrameBytes, maxQueueBytes } = this.#world;
    if (head.length + body.length > maxFrameBytes) {
      throw new SyncError("FRAME_TOO_LARGE", "a message is larger than the line takes");
    }
    const message = new Uint8Array(head.length + body.length);
    message.set(head);
    message.set(body, head.length);
    if (this.#waitingBytes > 0 && this.#waitingBytes + message.length > maxQueueBytes) {
      const error = new SyncError("LIMIT_EXCEEDED", "more is waiting to be sent than is allowed");
      this.#end({ error });
      this.other.#end({ error: lineBroken() });
      throw error;
    }
    this.#world.onSent(this, message);
    this.#waitingBytes += message.length;
    if (!this.#isCut) {
      this.other.#send((at) => ({ at, sent: message, bytes: message, isLate: false }));
    }
    if (this.#waitingBytes <= maxQueueBytes / 4) return;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    this.#listener = listener;
    if (this.#inbox.length > 0) queueMicrotask(() => this.#drain());
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    this.#closeListeners.add(listener);
    const close = this.#ended;
    if (close !== undefined) queueMicrotask(() => this.#tell(close));
    return () => {
      this.#closeListeners.delete(listener);
    };
  }

  close(code?: string, reason?: string): Promise<void> {
    if (this.#farewell !== undefined) this.#end(this.#farewell);
    else if (this.state === "open") {
      this.#isClosing = true;
      this.#inbox.length = 0;
      const close = { code, reason };
      // Nobody at the other end of a cut line could say that the farewell has arrived.
      if (this.#isCut || this.other.life.isOver) this.#end(close);
      else this.other.#send((at) => ({ at, close }));
    }
    return this.#whenTold;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Takes what has arrived. */
  arrive(): void {
    const parcel = this.#coming.shift();
    if (parcel === undefined) return;
    if ("close" in parcel) this.#takeFarewell(parcel.close);
    else if (parcel.isLate) this.#takeLate(parcel);
    else if (this.#isClosing || this.#ended !== undefined) return;
    else if (this.#listener === undefined || this.#inbox.length > 0) this.#inbox.push(parcel);
    else this.#take(parcel, this.#listener);
  }

  /** See {@link SimLine.cut}. */
  lose(learnsAt: number, keepsLateFrames: boolean): void {
    this.#isCut = true;
    const coming = this.#coming;
    this.#coming = [];
    if (this.#ended !== undefined || learnsAt === Number.POSITIVE_INFINITY) return;
    this.#coming.push({ at: learnsAt, close: { error: lineBroken() } });
    if (!keepsLateFrames) return;
    for (const parcel of coming) {
      if ("bytes" in parcel) this.#coming.push({ ...parcel, at: learnsAt + 1, isLate: true });
    }
  }

  /** Puts something on its way to this end, behind all that is. */
  #send(parcel: (at: number) => Parcel): void {
    const at = Math.max(this.#world.arrival(this.line), this.#coming.at(-1)?.at ?? 0);
    const sent = parcel(at);
    this.#coming.push(sent);
    if (!("bytes" in sent)) return;
    this.#world.carry?.(this, sent.sent, (bytes) => {
      sent.bytes = bytes;
    });
  }

  #takeFarewell(close: TransportClose): void {
    if (close.error !== undefined) return this.#end(close);
    this.other.#end(this.other.#farewell ?? close);
    if (this.#isClosing || this.#inbox.length === 0) return this.#end(close);
    this.#farewell = close;
    this.#rejectWaiters();
  }

  #take({ sent, bytes }: Message, listener: (message: Uint8Array) => void): void {
    this.#world.onTaken(this, sent, false);
    this.other.#release(sent.length);
    try {
      listener(bytes);
    } catch (cause) {
      this.#end({ error: new SyncError("INTERNAL", "a listener of messages threw", { cause }) });
      this.other.#end({ error: lineBroken(), code: "INTERNAL" });
    }
  }

  #takeLate({ sent, bytes }: Message): void {
    this.#world.onTaken(this, sent, true);
    this.#listener?.(bytes);
  }

  #drain(): void {
    while (this.#listener !== undefined && !this.life.isOver) {
      const message = this.#inbox.shift();
      if (message === undefined) break;
      this.#take(message, this.#listener);
    }
    if (this.#farewell !== undefined && this.#inbox.length === 0) this.#end(this.#farewell);
  }

  #release(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (this.#waitingBytes > this.#world.maxQueueBytes / 4) return;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  #rejectWaiters(): void {
    for (const { reject } of this.#waiters.splice(0)) reject(lineClosed());
  }

  #end(close: TransportClose): void {
    if (this.#ended !== undefined) return;
    this.#ended = close;
    this.#inbox.length = 0;
    this.#rejectWaiters();
    queueMicrotask(() => {
      this.#tell(close);
      this.#told();
    });
  }

  #tell(close: TransportClose): void {
    if (this.life.isOver) return;
    for (const listener of Array.from(this.#closeListeners)) {
      this.#closeListeners.delete(listener);
      listener(close);
    }
  }
}

const NOTHING = new Uint8Array(0);

function lineClosed(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the line is closed");
}

function lineBroken(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the line broke");
}
