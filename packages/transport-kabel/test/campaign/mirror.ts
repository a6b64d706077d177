/** What a store shows, as its commits tell. */
import { type Commit, type FeedOperation, isEncoded, type Store } from "@datahike-sync/core";
import { type Edn, identity, isKind, type Uuid } from "@datahike-sync/edn";
import { BRANCHES } from "../forest-walker.ts";
import { namesOf } from "./author.ts";
import { changesText } from "./changes-text.ts";
import { Truth } from "./truth.ts";

export class Mirror extends Truth {
  /** By identity: what the store wrote for itself. */
  readonly own: Map<string, string> = new Map();
  /** What those see who follow it under a walker: nodes, and the heads that are named. */
  readonly walked: Truth = new Truth();

  /** All of it in few letters. */
  get text(): string {
    const sets = Array.from(
      this.entries.values(),
      ([key, value]) => ({ op: "set", key, value }) as const,
    );
    return changesText(sets);
  }

  /** Reads the store anew; what is no longer there is gone. */
  async load(store: Store): Promise<void> {
    const gone = new Map(this.entries);
    this.own.clear();
    for await (const { key, origin } of store.keys()) {
      gone.delete(identity(key));
      this.#take(key, await store.get(key), origin);
    }
    for (const [key] of gone.values()) this.put(key, undefined);
    this.#showWalked();
  }

  /** Takes every commit from now on, and tells of it then. */
  follow(store: Store, onCommit: (commit: Commit) => void = () => undefined): () => void {
    return store.onCommit((commit) => {
      for (const operation of commit.operations) {
        const value = valueOf(operation);
        this.#take(operation.key, value, commit.origin);
      }
      this.#showWalked();
      onCommit(commit);
    });
  }

  #showWalked(): void {
    const names: Edn[] = [BRANCHES, ...namesOf(this.get(BRANCHES))];
    for (const [key, value] of this.entries.values()) {
      if (isKind(key, "uuid") || names.includes(key)) this.walked.put(key, value);
    }
    for (const [id, [key]] of this.walked.entries) {
      const isGone = !this.entries.has(id) || !(isKind(key, "uuid") || names.includes(key));
      if (isGone) this.walked.put(key, undefined);
    }
  }

  #take(key: Edn, value: Edn | undefined, origin: Uuid | undefined): void {
    const id = identity(key);
    this.put(key, value);
    if (origin === undefined && value !== undefined) this.own.set(id, identity(value));
    else this.own.delete(id);
  }
}

/** What an operation makes of its key. */
export function valueOf(operation: FeedOperation): Edn | undefined {
  if (operation.op === "delete") return undefined;
  return isEncoded(operation.value) ? operation.value.decode() : operation.value;
}
