/** What must hold of a store that follows, after each of its commits. */
import type { FeedOperation, StepCursor } from "@datahike-sync/core";
import { type Edn, identity, isKind } from "@datahike-sync/edn";
import { BRANCHES } from "../forest-walker.ts";
import { namesOf, rootsOf } from "./author.ts";
import { keyText } from "./changes-text.ts";
import type { Mirror } from "./mirror.ts";
import type { Truth } from "./truth.ts";

export interface FollowerCheckOptions {
  readonly mirror: Mirror;
  /** Of whom it follows. */
  readonly upstream: () => Truth;
  /** Whether it has a walker: else no head waits for what it reaches. */
  readonly isWalked: boolean;
}

/** Whether a key is that of the set of branches, or of one of them. */
export function isNamed(truth: Truth, key: Edn): boolean {
  return key === BRANCHES || namesOf(truth.get(BRANCHES)).some((name) => name === key);
}

export class FollowerCheck {
  readonly #options: FollowerCheckOptions;
  /** By identity: the place in the past of whom it follows up to which it has come. */
  readonly #seen = new Map<string, number>();
  #cursor: StepCursor | undefined;

  constructor(options: FollowerCheckOptions) {
    this.#options = options;
  }

  /** Of one commit that sync made. */
  onCommit(operations: readonly FeedOperation[], own: ReadonlySet<string>): string | undefined {
    for (const { key } of operations) {
      const id = identity(key);
      if (own.has(id)) return `sync changed ${keyText(key)}, which is the store's own`;
      const wrong = this.#advance(key);
      if (wrong !== undefined) return wrong;
    }
    const isShown = operations.some(({ key, op }) => op === "delete" || isKind(key, "keyword"));
    return isShown ? this.whole() : undefined;
  }

  /** Of a store that was just opened. A failure of power may have taken all but the heads that waited for nodes. */
  onOpen(wasPowerLost: boolean): string | undefined {
    const { mirror, isWalked } = this.#options;
    for (const id of wasPowerLost ? [...this.#seen.keys()] : []) {
      const [key] = mirror.entries.get(id) ?? [];
      if (!isWalked || !isKind(key, "keyword")) this.#seen.delete(id);
    }
    for (const [id, [key]] of mirror.entries) {
      const wrong = mirror.own.has(id) ? undefined : this.#advance(key);
      if (wrong !== undefined) return wrong;
    }
    return this.whole();
  }

  /** Of a cursor that somebody was told as durable. */
  onTold(cursor: StepCursor): void {
    if (cursor.seq > (this.#cursor?.seq ?? 0)) this.#cursor = cursor;
  }

  /** Of the cursor that is stored where somebody opens. */
  onOpenCursor(cursor: StepCursor | undefined): string | undefined {
    const told = this.#cursor;
    if (told === undefined || (cursor?.era === told.era && cursor.seq >= told.seq))
      return undefined;
    return `the cursor went back from ${told.seq} to ${cursor?.seq}`;
  }

  /** Whether everything is there that pointers reach. */
  whole(): string | undefined {
    const { mirror, isWalked } = this.#options;
    if (!isWalked) return undefined;
    const names = mirror.get(BRANCHES);
    for (const branch of namesOf(names)) {
      const head = mirror.get(branch);
      if (head === undefined && names !== undefined)
        return `the head ${keyText(branch)} is missing`;
      for (const root of rootsOf(head)) {
        const wrong = [root, ...rootsOf(mirror.get(root))].find((node) => !this.#isThere(node));
        if (wrong !== undefined) return `${keyText(branch)} reaches ${keyText(wrong)}, not there`;
      }
    }
    return undefined;
  }

  #isThere(node: Edn): boolean {
    const value = this.#options.mirror.get(node);
    if (value === undefined) return false;
    return this.#options.upstream().placeOf(identity(node), identity(value)) !== undefined;
  }

  #isNameless(key: Edn): boolean {
    const { mirror, isWalked } = this.#options;
    return isWalked && isKind(key, "keyword") && !isNamed(mirror, key);
  }

  #advance(key: Edn): string | undefined {
    const id = identity(key);
    const [, value] = this.#options.mirror.entries.get(id) ?? [];
    const text = value === undefined ? undefined : identity(value);
    const upstream = this.#options.upstream();
    // Nodes that nothing reaches go and come as it pleases them.
    const from = isKind(key, "uuid") ? 0 : (this.#seen.get(id) ?? 0);
    const place = upstream.placeOf(id, text, from);
    if (place !== undefined) {
      this.#seen.set(id, place);
      return undefined;
    }
    // Who has a walker deletes heads that are not named, whatever becomes of them at the other side.
    if (value === undefined && this.#isNameless(key)) return undefined;
    const was = upstream.placeOf(id, text) !== undefined;
    return `${keyText(key)} ${was ? "went back" : "became what it never was"}: ${text?.slice(0, 80)}`;
  }
}
