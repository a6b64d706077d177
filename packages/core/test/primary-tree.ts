/** A store of trees: pointers that a list names, and nodes that name their children. */
import {
  type DiffOptions,
  type Operation,
  type PointerState,
  type ReadableStore,
  type Store,
  SyncError,
  type Walker,
} from "@datahike-sync/core";
import { type Edn, identity, print, read } from "@datahike-sync/edn";
import type { Random } from "@datahike-sync/testing";

/** Names the pointers. Has no token itself. */
export const NAMES = "names";

/** A pointer's value is `[version recycles root …]`, a node's `[payload child …]`. */
export function treeWalker(names?: readonly Edn[]): Walker {
  const walker: Walker = {
    pointers(known) {
      const all = known.find(({ key }) => key === NAMES)?.value as readonly Edn[] | undefined;
      return [NAMES, ...(all ?? []).filter((name) => names?.includes(name) ?? true)];
    },
    select(options) {
      if (options === null) return walker;
      if (!Array.isArray(options)) throw new TypeError("names are a vector");
      return treeWalker(options as readonly Edn[]);
    },
    async *walk() {},
    async *diff(store, from, to, options = {}) {
      const isRecycled = [...from, ...to].some(({ value }) => walker.recycles(value));
      const held = isRecycled ? new Map<string, Edn>() : await reach(store, from, "from", options);
      const reached = await reach(store, to, "to", options);
      for (const [id, key] of reached) if (!held.has(id)) yield { key, change: "added" };
    },
    classify: (key) => (textOf(key).startsWith("n:") ? "node" : "pointer"),
    children: (value) => (value as readonly Edn[]).slice(1),
    token: (value) => (Array.isArray(value) && typeof value[0] === "number" ? value[0] : undefined),
    resolve: async (store, token) => store.get(["kept", token]),
    recycles: (value) => Array.isArray(value) && value[1] === true,
  };
  return walker;
}

/** Everything that these reach, children before parents. */
async function reach(
  store: ReadableStore,
  pointers: readonly PointerState[],
  side: "from" | "to",
  { signal }: DiffOptions,
): Promise<Map<string, Edn>> {
  const found = new Map<string, Edn>();
  const visit = async (key: Edn): Promise<void> => {
    if (found.has(identity(key))) return;
    signal?.throwIfAborted();
    const value = await store.get(key);
    if (value === undefined) {
      throw new SyncError("NODE_MISSING", "a node is missing", { details: { side, path: [] } });
    }
    for (const child of (value as readonly Edn[]).slice(1)) await visit(child);
    found.set(identity(key), key);
  };
  for (const { key, value } of pointers) {
    if (key !== NAMES) for (const root of (value as readonly Edn[]).slice(2)) await visit(root);
  }
  return found;
}

/** Writes trees as path copying does: new nodes and the pointer in one commit. */
export class Trees {
  readonly store: Store;
  readonly #nodes = new Map<string, readonly Edn[]>();
  readonly #pointers = new Map<string, readonly Edn[]>();
  #version = 0;
  #node = 0;
  isRecycling = false;

  constructor(store: Store) {
    this.store = store;
  }

  /** Another tree for a pointer: `fresh` new nodes over some that older trees had. */
  async grow(name: string, fresh = 2, random?: Random): Promise<void> {
    const old = this.#pointers.get(name)?.slice(2) ?? [];
    const shared = random === undefined ? old : old.filter(() => random.below(3) > 0);
    const operations: Operation[] = [];
    const leaves: Edn[] = shared.slice(-3);
    for (let at = 0; at < fresh; at++) {
      const key = `n:${++this.#node}`;
      const value = [`payload ${this.#node}`, ...(at === fresh - 1 ? leaves : [])];
      if (at < fresh - 1) leaves.push(key);
      this.#nodes.set(key, value);
      operations.push({ op: "set", key, value, immutable: !this.isRecycling });
    }
    await this.#point(name, `n:${this.#node}`, operations);
  }

  /** A pointer to a node that is there, without a new one. */
  async reset(name: string, root: Edn): Promise<void> {
    await this.#point(name, root, []);
  }

  async drop(name: string): Promise<void> {
    this.#pointers.delete(name);
    await this.store.write([{ op: "delete", key: name }, this.#names()]);
  }

  /** Deletes what no pointer reaches. */
  async collect(): Promise<void> {
    const live = new Set<Edn>();
    const visit = (key: Edn): void => {
      if (live.has(key)) return;
      live.add(key);
      for (const child of this.#nodes.get(textOf(key))?.slice(1) ?? []) visit(child);
    };
    for (const value of this.#pointers.values()) for (const root of value.slice(2)) visit(root);
    const dead = Array.from(this.#nodes.keys()).filter((key) => !live.has(key));
    for (const key of dead) this.#nodes.delete(key);
    if (dead.length > 0) await this.store.write(dead.map((key) => ({ op: "delete", key })));
  }

  get nodes(): readonly string[] {
    return Array.from(this.#nodes.keys());
  }

  /** What the pointers of these names and all that they reach look like, as a replica shows it. */
  shown(names: readonly string[] = Array.from(this.#pointers.keys())): string {
    const lines: string[] = [];
    const visit = (key: Edn): string => {
      const [payload, ...children] = this.#nodes.get(textOf(key)) ?? [];
      return `(${textOf(payload)} ${children.map(visit).join(" ")})`;
    };
    for (const name of names) {
      const [version, , ...roots] = this.#pointers.get(name) ?? [];
      if (version !== undefined)
        lines.push(`${name} ${textOf(version)} ${roots.map(visit).join()}`);
    }
    return lines.sort().join("\n");
  }

  async #point(name: string, root: Edn, operations: Operation[]): Promise<void> {
    const value = [++this.#version, this.isRecycling, root];
    this.#pointers.set(name, value);
    const pointer: Operation = { op: "set", key: name, value };
    await this.store.write([...operations, pointer, this.#names()]);
  }

  #names(): Operation {
    return { op: "set", key: NAMES, value: Array.from(this.#pointers.keys()).sort() };
  }
}

/** What a replica shows, read from its pointers down; a node that is not there shows as such. */
export function shownTrees(
  entries: Iterable<{ readonly key: Edn; readonly text: string }>,
): string {
  const held = new Map(Array.from(entries, ({ key, text }) => [identity(key), { key, text }]));
  const valueOf = (key: Edn): readonly Edn[] | undefined => {
    const text = held.get(identity(key))?.text;
    return text === undefined ? undefined : (read(text) as readonly Edn[]);
  };
  const visit = (key: Edn): string => {
    const value = valueOf(key);
    if (value === undefined) return "MISSING";
    return `(${textOf(value[0])} ${value.slice(1).map(visit).join(" ")})`;
  };
  const lines = Array.from(held.values(), ({ key }) => textOf(key))
    .filter((name) => name !== NAMES && !name.startsWith("n:"))
    .map((name) => {
      const [version, , ...roots] = valueOf(name) ?? [];
      return `${name} ${textOf(version)} ${roots.map(visit).join()}`;
    });
  return lines.sort().join("\n");
}

function textOf(value: Edn | undefined): string {
  return typeof value === "string" ? value : print(value ?? null);
}
