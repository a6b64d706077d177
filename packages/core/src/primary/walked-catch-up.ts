/** One step for a replica of a store with a walker: the nodes that it has not, then the pointers. */
import type { Edn } from "@datahike-sync/edn";
import type { Cursor } from "../feed.ts";
import { StepChecksum } from "../step-checksum.ts";
import type { PointerState } from "../walker.ts";
import { added, missingSide, type NodeReader, readNodes } from "./nodes.ts";
import { Offers } from "./offers.ts";
import type { BatchHead } from "./outlet.ts";
import type { Pins } from "./pins.ts";
import { StepWriter } from "./step-writer.ts";
import { countKey, noPosition, writeWalkPosition } from "./walk-position.ts";
import type { WalkedSession } from "./walked-session.ts";
import { pointerOperations } from "./walked-step.ts";
import { SentNodes } from "./walked-store.ts";

/** What pointers are at some time. */
export interface WalkSide {
  readonly states: readonly PointerState[];
  /** What a replica keeps of them; nil of none. */
  readonly tokens: Edn;
}

/** What the replica has. */
export interface WalkStart {
  /** What it shows; absent: nothing, or nobody knows what. */
  readonly shown: { readonly cursor: Cursor; readonly keys: readonly Edn[] } | undefined;
  /** What reaches its nodes; absent: nobody knows. */
  readonly held: WalkSide | undefined;
  /** Where a walk was interrupted that was to bring it further. */
  readonly begun: BegunWalk | undefined;
}

export interface BegunWalk {
  readonly from: WalkSide;
  readonly to: WalkSide;
  /** How many keys of it are at the replica, and the sum of their fingerprints. */
  readonly count: number;
  readonly fingerprint: bigint;
}

export class WalkedCatchUp {
  readonly #session: WalkedSession;
  readonly #start: WalkStart;
  readonly #reader: NodeReader;
  readonly #writer: StepWriter;
  readonly #offers: Offers;
  /** Where the replica could go on: how much of which walk it has. */
  #walk: { from: WalkSide; to: WalkSide; taken: StepChecksum } | undefined;
  #isRecycled = false;
  /** Whether everything is offered, because nobody knows what the replica has. */
  #isOffering: boolean;

  constructor(session: WalkedSession, start: WalkStart) {
    const { outlet, bodies, walked, replies } = session;
    const { codec, limits } = bodies;
    this.#session = session;
    this.#start = start;
    this.#isOffering = start.held === undefined;
    this.#reader = {
      store: walked.source.store,
      codec,
      targetBytes: limits.batchBytes,
      signal: outlet.signal,
    };
    this.#writer = new StepWriter(outlet, bodies, () => this.#head());
    this.#offers = new Offers(outlet, replies);
  }

  /** Resolves to what the replica shows with the last batch. */
  async run(): Promise<Pins> {
    const { walked, selection, outlet } = this.#session;
    const { walker } = selection;
    let pins = await walked.pin(walker, outlet.signal);
    for (;;) {
      const sent = new SentNodes();
      try {
        await this.#sendNodes(pins, sent);
      } catch (error) {
        pins = await this.#recover(error, pins);
        continue;
      }
      if (!(await walked.isOverwritten(pins, sent, walker, outlet.signal))) break;
      await this.#writer.restart();
      pins = await walked.pinAgain(walker, outlet.signal);
    }
    const { shown } = this.#start;
    const pointers = (shown?.keys ?? []).map((key) => ({ key }));
    for (const operation of pointerOperations(pointers, pins, this.#reader.codec)) {
      const wait = this.#writer.add(operation);
      if (wait !== undefined) await wait;
    }
    await this.#writer.finish({
      from: this.#isOffering ? undefined : shown?.cursor,
      to: pins.cursor,
      tokens: pins.tokens,
    });
    return pins;
  }

  async #sendNodes(pins: Pins, sent: SentNodes): Promise<void> {
    this.#walk = undefined;
    if (pins.recycles) return this.#sendAll(pins, sent);
    if (this.#isOffering) return this.#offerAll(pins);
    const { held = NOTHING, begun } = this.#start;
    if (begun !== undefined) await this.#goOn(begun);
    await this.#sendDifference(begun?.to ?? held, pins);
  }

  /**
   * Pins that can be sent instead of those that could not. From then on everything is offered: of what
   * was sent nobody knows any more what it amounts to.
   */
  async #recover(error: unknown, pins: Pins): Promise<Pins> {
    const side = error instanceof OtherWalkError ? "from" : missingSide(error);
    if (side === undefined) throw error;
    this.#isOffering = true;
    if (side === "from") return pins;
    const { walked, selection, outlet } = this.#session;
    const others = await walked.pinOthers(pins, selection.walker, outlet.signal);
    if (others === undefined) throw error;
    if (pins.recycles) await this.#writer.restart();
    return others;
  }

  async #goOn(begun: BegunWalk): Promise<void> {
    try {
      await this.#sendDifference(begun.from, begun.to, begun);
    } catch (error) {
      // Neither side is what is sent now: that its nodes are gone says nothing of the pointers.
      if (missingSide(error) === undefined) throw error;
      throw new OtherWalkError("the walk can no longer be read", { cause: error });
    }
  }

  /** What `to` reaches and `from` does not, but for what an earlier walk of the same has brought. */
  async #sendDifference(from: WalkSide, to: WalkSide, begun?: BegunWalk): Promise<void> {
    const taken = new StepChecksum();
    const keys = added(this.#diff(from.states, to.states));
    this.#walk = { from, to, taken };
    await this.#send(begun === undefined ? keys : skip(keys, begun, taken), (key) =>
      countKey(taken, key),
    );
  }

  /** Where keys are used again nothing can be left out, and what came before may have been replaced. */
  async #sendAll(pins: Pins, sent: SentNodes): Promise<void> {
    this.#isRecycled = true;
    if (this.#isOffering) {
      // Says that what comes is everything.
      await this.#offers.make([]);
      await this.#offers.answer();
    }
    await this.#send(added(this.#diff([], pins.states)), (key) => sent.add(key));
  }

  async #offerAll(pins: Pins): Promise<void> {
    const offers = this.#offers;
    let keys: Edn[] = [];
    try {
      for await (const key of added(this.#diff([], pins.states))) {
        keys.push(key);
        if (keys.length < OFFERED_KEYS) continue;
        await offers.make(keys);
        keys = [];
        if (offers.outstanding >= OFFERS_AT_ONCE) await this.#send(await offers.answer());
      }
      // At least one, also of nothing: it says that this is everything.
      await offers.make(keys);
      while (offers.outstanding > 0) await this.#send(await offers.answer());
    } finally {
      // Each is answered once: an answer to a later offer must not be taken for one to these.
      while (offers.outstanding > 0) await offers.answer();
    }
  }

  async #send(
    keys: AsyncIterable<Edn> | Iterable<Edn>,
    onSent: (key: Edn) => void = () => undefined,
  ): Promise<void> {
    const { outlet } = this.#session;
    await outlet.room();
    for await (const nodes of readNodes(this.#reader, keys)) {
      for (const node of nodes) {
        const wait = this.#writer.add(node);
        if (wait !== undefined) await wait;
        onSent(node.key);
      }
      await outlet.room();
    }
  }

  #diff(
    from: readonly PointerState[],
    to: readonly PointerState[],
  ): ReturnType<WalkedSession["selection"]["walker"]["diff"]> {
    const { store, signal } = this.#reader;
    return this.#session.selection.walker.diff(store, from, to, { signal });
  }

  #head(): BatchHead {
    const { id } = this.#session.selection;
    if (this.#isRecycled) return { mode: "recycled" };
    if (this.#walk === undefined) return { position: noPosition(id) };
    const { from, to, taken } = this.#walk;
    return { position: writeWalkPosition(id, from.tokens, to.tokens, taken) };
  }
}

export const NOTHING: WalkSide = { states: [], tokens: null };

/** Keys of an offer. */
const OFFERED_KEYS = 512;

/** An offer that waits for its answer costs no time, as long as another is on its way. */
const OFFERS_AT_ONCE = 8;

/** A walk made again is not the same: what was counted in the first says nothing of it. */
class OtherWalkError extends Error {}

/** The keys behind the first so many, if those are the same as they were. */
async function* skip(
  keys: AsyncIterable<Edn>,
  { count: known, fingerprint }: BegunWalk,
  taken: StepChecksum,
): AsyncGenerator<Edn, void> {
  const isOther = () => taken.count === known && taken.fingerprint !== fingerprint;
  for await (const key of keys) {
    if (taken.count >= known) {
      yield key;
      continue;
    }
    countKey(taken, key);
    if (isOther()) throw new OtherWalkError("the walk is another");
  }
  if (taken.count < known) throw new OtherWalkError("the walk is shorter");
}
