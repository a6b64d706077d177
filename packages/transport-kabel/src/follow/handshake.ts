/** What is remembered of a handshake, from the report to the step that ends it. */
import type { Operation } from "@datahike-sync/core";
import { type Edn, equals, identity } from "@datahike-sync/edn";
import type { StoreChange } from "../store-changes.ts";

export class Handshake {
  /** By identity: what publications were about. They are newer than items, which were read before. */
  readonly #touched = new Set<string>();
  /** By identity: what was published before the server was known to have subscribed us, and nothing has confirmed. */
  readonly #early = new Map<string, StoreChange>();
  /** By identity: cells of this subscription that nothing has mentioned. */
  readonly #unmentioned: Map<string, Edn>;
  /** Whether the server takes this side for a subscriber. */
  #isSubscribed: boolean;
  #isDoubtful = false;

  constructor(cells: Map<string, Edn>, isSubscribed: boolean) {
    this.#unmentioned = cells;
    this.#isSubscribed = isSubscribed;
  }

  get unmentioned(): ReadonlyMap<string, Edn> {
    return this.#unmentioned;
  }

  /**
   * Whether what it brought may be old, or is not all here. A publication that came before the items may have
   * been meant for others, as those of a server without subscribers are: then the one after it may have gone
   * to somebody else. So it is doubtful where it overrules an item, and where no item mentions what it set.
   */
  get isDoubtful(): boolean {
    return this.#isDoubtful || this.doubtful().next().done === false;
  }

  /** Keys of which only publications have told that may have been meant for others. What is gone is not mentioned. */
  *doubtful(): Generator<Edn, void> {
    for (const { op, key } of this.#early.values()) if (op === "set") yield key;
  }

  /** Something that it brought was dropped. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** Something came that only subscribers get. */
  subscribed(): void {
    this.#isSubscribed = true;
  }

  /** A publication came. */
  publish(change: StoreChange): void {
    const id = identity(change.key);
    this.#unmentioned.delete(id);
    this.#touched.add(id);
    if (this.#isSubscribed) this.#early.delete(id);
    else this.#early.set(id, change);
  }

  /** An item came. Returns whether it counts; `kept` is what was last published of its key. */
  item(change: StoreChange, kept: Operation | undefined): boolean {
    const id = identity(change.key);
    this.#unmentioned.delete(id);
    if (!this.#touched.has(id)) return true;
    if (!this.#early.has(id)) return false;
    if (isSame(change, kept)) this.#early.delete(id);
    else this.#isDoubtful = true;
    return false;
  }
}

function isSame(change: StoreChange, kept: Operation | undefined): boolean {
  if (kept === undefined || change.op === "delete" || kept.op === "delete") return false;
  // `as`: what is kept back came decoded.
  return equals(change.value, kept.value as Edn);
}
