/** Nodes, which are stored as they come: until a head reaches them nobody sees them. */
import {
  isSyncError,
  type Operation,
  type SetOperation,
  type Store,
  type Walker,
} from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import type { StoreChange } from "../store-changes.ts";
import type { StandingKeeper } from "./standing.ts";

export interface NodeWriterOptions {
  readonly store: Store;
  readonly walker: Walker | undefined;
  readonly keeper: StandingKeeper;
  readonly onSkipped: (keys: readonly Edn[]) => void;
}

/** What is stored as one commit at most. */
const MAX_NODES = 256;
const MAX_BYTES = 4 * 2 ** 20;

export class NodeWriter {
  /** Whether keys of nodes are given to other values: what is there is then replaced. */
  recycled = false;
  readonly #options: NodeWriterOptions;
  #buffer: SetOperation[] = [];
  #bytes = 0;
  #held = new Set<string>();
  /** By identity: nodes that the server has deleted. */
  readonly #dead = new Map<string, Edn>();

  constructor(options: NodeWriterOptions) {
    this.#options = options;
  }

  /** By identity: nodes that are known to be in the store. */
  get held(): ReadonlySet<string> {
    return this.#held;
  }

  get isEmpty(): boolean {
    return this.#buffer.length === 0;
  }

  /** Whether the server has deleted nodes that are still here. */
  get hasDead(): boolean {
    return this.#dead.size > 0;
  }

  /** Begins with these as known. The set is the writer's from now on. */
  hold(held: Set<string>): void {
    this.#held = held;
  }

  /** Remembers no longer what is in the store. */
  letGo(): void {
    this.#held = new Set();
  }

  /** Takes a change if it is one of a node. */
  async take(change: StoreChange, bytes: number): Promise<boolean> {
    const { walker } = this.#options;
    const { key } = change;
    const immutable = change.op === "set" && change.immutable;
    if (!immutable && walker?.classify(key, { immutable }) !== "node") return false;
    if (change.op === "delete") {
      // It goes when nothing reaches it, and not now.
      this.#dead.set(identity(key), key);
      return true;
    }
    this.#dead.delete(identity(key));
    this.#buffer.push({ op: "set", key, value: change.value, immutable, rewrite: this.recycled });
    this.#bytes += bytes;
    if (this.#buffer.length >= MAX_NODES || this.#bytes >= MAX_BYTES) await this.flush();
    return true;
  }

  /** Stores what has gathered. */
  async flush(): Promise<void> {
    if (this.#buffer.length === 0) return;
    const nodes = this.#buffer;
    this.#buffer = [];
    this.#bytes = 0;
    const { skipped } = await this.#write(nodes);
    this.#options.onSkipped(skipped);
    for (const { key } of nodes) this.#held.add(identity(key));
  }

  /** By identity: the keys of nodes that the server has deleted. */
  get dead(): ReadonlyMap<string, Edn> {
    return this.#dead;
  }

  /** What the server has deleted is gone, or has been found to be needed. */
  forgetDead(): void {
    this.#dead.clear();
  }

  async #write(nodes: readonly Operation[]): Promise<{ readonly skipped: readonly Edn[] }> {
    const { keeper, store } = this.#options;
    try {
      return await keeper.nodes(nodes);
    } catch (error) {
      if (!isSyncError(error, "IMMUTABLE_CHANGED")) throw error;
      // The same value in other bytes: a list that was a vector in another codec. The first one stays.
      const isNew = await Promise.all(nodes.map(async ({ key }) => !(await store.has(key))));
      return keeper.nodes(nodes.filter((_, i) => isNew[i]));
    }
  }
}
