/** Compares a store that follows with its primary: a second subscription, of which nothing is written. */
import { type Edn, identity, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Batch, Offer } from "../protocol.ts";
import { answers } from "../reconcile/answers.ts";
import type { ItemSet } from "../reconcile/item-set.ts";
import { isSameCursor } from "../same-cursor.ts";
import type { Verification } from "../sync.ts";
import { readBody, type WireDelete } from "../wire/operations.ts";
import { brought, itemsOf } from "./brought.ts";
import type { Following } from "./following.ts";
import { nowhere } from "./have.ts";
import { heldFor } from "./held.ts";
import { Inbox, type SubscriptionMessage } from "./inbox.ts";
import { missingOf, NamedKeys } from "./offered-keys.ts";
import { Parts } from "./parts.ts";
import type { Receiver, ReplicaLine } from "./replica-line.ts";
import type { KeptSet } from "./stage-records.ts";

export class Verifier implements Receiver {
  readonly #following: Following;
  readonly #line: ReplicaLine;
  readonly #select: Edn;
  readonly #inbox: Inbox;
  readonly #parts: Parts;
  #id = 0;
  #selection: Uuid | undefined;
  #items: ItemSet | undefined;
  #named: NamedKeys | undefined;
  #missing = 0;
  #different = 0;
  #extra = 0;

  constructor(following: Following, line: ReplicaLine, select: Edn) {
    this.#following = following;
    this.#line = line;
    this.#select = select;
    const { limits } = following.environment;
    this.#inbox = new Inbox(line.windowBytes + limits.maxFrameBytes);
    this.#parts = new Parts(limits.maxValueBytes);
  }

  receive(message: SubscriptionMessage, body: Uint8Array): void {
    this.#inbox.put(message, body);
  }

  lineEnded(): void {
    this.#inbox.close();
  }

  /**
   * Resolves to `undefined` when either side moved meanwhile, so that they were not of one state.
   *
   * @throws {SyncError} `TRANSPORT_CLOSED`; what the primary answered.
   */
  async run(): Promise<Verification | undefined> {
    const { store, keeper, storeId, environment } = this.#following;
    const { revision, cursor, selection } = keeper.standing;
    this.#id = this.#line.join(this);
    try {
      await this.#line.send({
        type: "subscribe",
        id: this.#id,
        storeId,
        select: this.#select,
        have: nowhere(selection),
        window: environment.limits.windowBytes,
        deltas: [],
      });
      const end = await this.#compare();
      const entries = await this.#countHere();
      // Not by the keeper, whose follower may be writing.
      const isStill = (await store.standing(storeId))?.revision === revision;
      if (!isStill || end === undefined || !isSameCursor(end.to, cursor)) return undefined;
      // What may be seen has changed: this store shows what it was before, until its follower learns it.
      if (selection?.identity !== this.#selection?.identity) return undefined;
      return {
        entries: entries + this.#missing,
        missing: this.#missing,
        different: this.#different,
        extra: this.#extra,
      };
    } finally {
      this.#inbox.close();
      this.#line.leave(this.#id);
      // Where it cannot be said the line has ended, and there is nobody to be told.
      this.#line.send({ type: "unsubscribe", id: this.#id }).catch(() => undefined);
    }
  }

  /** Takes a whole catch-up. Resolves to its last batch, or to nothing when the primary began it anew. */
  async #compare(): Promise<Batch | undefined> {
    for (;;) {
      for (const letter of await this.#inbox.take()) {
        const { message, body } = letter;
        switch (message.type) {
          case "subscribed":
            this.#selection = message.selection;
            break;
          case "batch":
            await this.#compareBatch(body);
            if (message.to !== undefined) return message;
            await this.#line.send({ type: "ack", id: this.#id, batch: message.batch });
            break;
          case "offer":
            await this.#compareOffer(message);
            break;
          case "reconcile":
            await this.#answerRanges(message.ranges);
            break;
          case "resync":
            return undefined;
          case "error":
            throw new SyncError(message.code, message.message);
          default:
        }
        this.#inbox.done(letter);
      }
      if (this.#inbox.isClosed) throw new SyncError("TRANSPORT_CLOSED", "the line has ended");
    }
  }

  async #compareBatch(body: Uint8Array): Promise<void> {
    const { store } = this.#following;
    const { codec } = this.#line;
    const sets: KeptSet[] = [];
    const deletes: WireDelete[] = [];
    for (const operation of readBody(body, codec)) {
      if (operation.op === "part") this.#parts.add(operation);
      else if (!("value" in operation)) deletes.push(operation);
      else {
        const id = identity(operation.key);
        this.#named?.add(id);
        const value = operation.value ?? this.#parts.take(id, operation, codec);
        sets.push({ ...operation, value });
      }
    }
    const held = await heldFor(store, sets);
    this.#missing += held.filter((one) => one === "nothing").length;
    this.#different += held.filter((one) => one === "other").length;
    const gone = deletes.map(({ key }) => key);
    this.#extra += gone.length - (await missingOf(store, gone)).length;
  }

  async #compareOffer({ batch, keys, whole }: Offer): Promise<void> {
    if (whole) this.#named ??= new NamedKeys();
    for (const key of keys) this.#named?.add(identity(key));
    this.#missing += (await missingOf(this.#following.store, keys)).length;
    await this.#line.send({ type: "need", id: this.#id, keys: [] });
    await this.#line.send({ type: "ack", id: this.#id, batch });
  }

  async #answerRanges(ranges: Edn): Promise<void> {
    const { store, storeId } = this.#following;
    this.#items ??= await itemsOf(store, storeId);
    for (const answer of answers(this.#items, ranges)) {
      await this.#line.send({ type: "reconcile", id: this.#id, ranges: answer });
    }
  }

  /** How many entries are here; of those that a whole offer should have named, the others are extra. */
  async #countHere(): Promise<number> {
    const { store, storeId } = this.#following;
    let entries = 0;
    for await (const { key } of brought(store, storeId)) {
      entries++;
      if (this.#named?.has(identity(key)) === false) this.#extra++;
    }
    return entries;
  }
}
