/** What one subscription sends: numbered, within its window, and nothing after its end. */
import { type Edn, identity, SyncError } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { Line } from "../dialect.ts";
import type { StepCursor } from "../feed.ts";
import type { Batch, Complete, Reconcile, Resync, ResyncReason, Subscribed } from "../protocol.ts";
import { StepChecksum } from "../step-checksum.ts";
import type { Bell } from "./bell.ts";
import type { Counters } from "./counters.ts";
import type { Flow } from "./flow.ts";

/** What a batch says beside its number; what is left out is absent. */
export type BatchHead = Partial<Omit<Batch, "type" | "id" | "batch">>;

export interface OutletOptions {
  readonly id: number;
  readonly line: Line;
  readonly flow: Flow;
  readonly bell: Bell;
  readonly counters: Counters;
  /** Aborted when the subscription ends. */
  readonly signal: AbortSignal;
}

export class Outlet {
  readonly signal: AbortSignal;
  /** Of what the catch-up under way has sent. */
  readonly checksum: StepChecksum = new StepChecksum();
  /** Rings whenever something may go on: room in the window, an answer, a live step. */
  readonly bell: Bell;
  readonly #id: number;
  readonly #line: Line;
  readonly #flow: Flow;
  readonly #counters: Counters;
  #holds = 0;

  constructor({ id, line, flow, bell, counters, signal }: OutletOptions) {
    this.signal = signal;
    this.bell = bell;
    this.#id = id;
    this.#line = line;
    this.#flow = flow;
    this.#counters = counters;
    // Once: a listener for each wait would cost a live commit more than sending it.
    signal.addEventListener("abort", () => bell.ring(), { once: true });
  }

  get codec(): Codec {
    return this.#line.codec;
  }

  /** Whether the other side compares count and fingerprint. */
  get isVerified(): boolean {
    return this.#line.traits.verify;
  }

  /** Whether the other side can be told that a step begins anew. */
  get canResync(): boolean {
    return this.#line.traits.resync !== "close";
  }

  /** Lets nothing out until the function that it returns is called. */
  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
      this.bell.ring();
    };
  }

  /** Resolves when the bell rings next; rejects when the subscription has ended. */
  async rung(): Promise<void> {
    this.signal.throwIfAborted();
    await this.bell.next();
    this.signal.throwIfAborted();
  }

  /** Resolves when so many bytes may be sent: before that, there is no use in reading them. */
  async room(bytes = 1): Promise<void> {
    while (this.#isBlocked(bytes)) await this.rung();
  }

  /** Sends a batch as soon as there is room. Resolves when there is room in the line again. */
  async batch(head: BatchHead, body: Uint8Array): Promise<void> {
    // Not `room`: nothing may come between the last look and the sending.
    while (this.#isBlocked(body.length)) await this.rung();
    const batch = this.#flow.send(body.length);
    this.#counters.sentBytes += body.length;
    const { position, from, to, tokens, count, fingerprint, mode } = head;
    // Named one by one: of every live commit there is a head for each subscriber.
    await this.#line.send(
      { type: "batch", id: this.#id, batch, position, from, to, tokens, count, fingerprint, mode },
      body,
    );
  }

  /** Offers nodes as soon as there is room, as part of all that is selected. An answer is owed. */
  async offer(keys: readonly Edn[]): Promise<void> {
    const ids = keys.map(identity);
    const bytes = ids.reduce((sum, id) => sum + id.length, 0);
    while (this.#isBlocked(bytes)) await this.rung();
    const batch = this.#flow.send(bytes);
    this.#flow.expect();
    for (const id of ids) this.checksum.add("offer", id, 0, 0);
    await this.#line.send({ type: "offer", id: this.#id, batch, keys, whole: true });
  }

  async subscribed(head: Omit<Subscribed, "type" | "id">): Promise<void> {
    await this.#say({ type: "subscribed", id: this.#id, ...head });
  }

  async complete(cursor: StepCursor): Promise<void> {
    await this.#say({ type: "complete", id: this.#id, cursor });
  }

  /** What was sent of a step is void. */
  async resync(reason: ResyncReason): Promise<void> {
    if (!this.canResync) {
      throw new SyncError("RETRY_LATER", "a step begins anew, which this line has no message for");
    }
    this.checksum.reset();
    await this.#say({ type: "resync", id: this.#id, reason });
  }

  /** Sends ranges to compare. An answer is owed. */
  async reconcile(ranges: Edn): Promise<void> {
    this.#flow.expect();
    await this.#say({ type: "reconcile", id: this.#id, ranges });
  }

  /** The other side has answered an offer, or the ranges. */
  answered(): void {
    this.#flow.answered();
    this.bell.ring();
  }

  /** Sends what takes no room in the window: the other side need not keep it. */
  async #say(message: Subscribed | Complete | Resync | Reconcile): Promise<void> {
    while (this.#isHeld()) await this.rung();
    await this.#line.send(message);
  }

  #isBlocked(bytes: number): boolean {
    return this.#isHeld() || !this.#flow.hasRoom(bytes);
  }

  #isHeld(): boolean {
    this.signal.throwIfAborted();
    return this.#holds > 0;
  }
}
