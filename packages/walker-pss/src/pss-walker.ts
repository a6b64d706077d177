import { Branch, NodePath, RootHandle, toNode } from "@datahike-sync/btset";
import type {
  DiffOptions,
  DiffStep,
  EntryClass,
  EntryMeta,
  PointerState,
  PointerStep,
  ReadableStore,
  Walker,
  WalkOptions,
  WalkStep,
} from "@datahike-sync/core";
import { type Edn, EdnMap, identity, keyword, kindOf, SyncError, Tagged } from "@datahike-sync/edn";
import { CountedSource } from "./counted-source.ts";
import type { Tree } from "./tree.ts";
import { diffTrees } from "./tree-diff.ts";
import { TreeWalk } from "./tree-walk.ts";

export interface PssWalkerOptions {
  /** The keys whose values are root handles, in the order in which they are to be walked. */
  readonly pointers: readonly Edn[];
}

/**
 * A walker of stores in which pointers hold the root handles of persistent sorted sets, and UUIDs
 * their nodes. A pointer that is not there yet is left out.
 */
export function pssWalker({ pointers }: PssWalkerOptions): Walker {
  return new PssWalker(pointers);
}

class PssWalker implements Walker {
  readonly #pointers: readonly Edn[];
  readonly #identities: ReadonlySet<string>;

  constructor(pointers: readonly Edn[]) {
    this.#pointers = pointers;
    this.#identities = new Set(pointers.map(identity));
  }

  pointers(): readonly Edn[] {
    return this.#pointers;
  }

  /** There is nothing that could be asked for. */
  select(options: Edn): Walker {
    if (options !== null) throw new TypeError("this walker has no options");
    return this;
  }

  async *walk(store: ReadableStore, options: WalkOptions = {}): AsyncGenerator<WalkStep, void> {
    const source = new CountedSource(store, options.onProgress);
    const pointers = await this.#readPointers(store, options.signal);
    source.countDecoded(pointers.length);
    const walk = new TreeWalk(source, { signal: options.signal });
    for (const pointer of pointers) {
      for await (const keys of walk.walk(treeOf(pointer))) {
        for (const key of keys) {
          source.countKey();
          yield { class: "node", key };
        }
      }
    }
    for (const pointer of pointers) {
      source.countKey();
      yield pointer;
    }
    source.report();
  }

  async *diff(
    store: ReadableStore,
    from: readonly PointerState[],
    to: readonly PointerState[],
    options: DiffOptions = {},
  ): AsyncGenerator<DiffStep, void> {
    const { signal, removed } = options;
    const source = new CountedSource(store, options.onProgress);
    const [before, after] = [from.map(treeOf), to.map(treeOf)];
    const difference = await diffTrees(source, before, after, { signal, removed });
    for (const change of ["added", "removed"] as const) {
      for (const key of difference[change]) {
        source.countKey();
        yield { key, change };
      }
    }
    source.report();
  }

  classify(key: Edn, meta?: Pick<EntryMeta, "immutable">): EntryClass {
    if (this.#identities.has(identity(key))) return "pointer";
    return meta?.immutable === true || kindOf(key) === "uuid" ? "node" : "cell";
  }

  children(value: Edn): readonly Edn[] {
    const node = toNode(value);
    if (node instanceof RootHandle) return [node.address];
    return node instanceof Branch ? node.addresses : [];
  }

  token(value: Edn): Edn | undefined {
    const handle = toNode(value);
    return handle instanceof RootHandle ? handle.address : undefined;
  }

  /** A handle with the address that the token is: enough to walk from, though not the very value. */
  async resolve(store: ReadableStore, token: Edn): Promise<Edn | undefined> {
    if (!(await store.has(token))) return undefined;
    return new RootHandle(new Tagged("pss/set", [new EdnMap([[keyword("address"), token]])]));
  }

  recycles(): boolean {
    return false;
  }

  async #readPointers(
    store: ReadableStore,
    signal: AbortSignal | undefined,
  ): Promise<PointerStep[]> {
    signal?.throwIfAborted();
    const values = await store.getMany(this.#pointers, { signal });
    const steps: PointerStep[] = [];
    for (const [i, key] of this.#pointers.entries()) {
      const value = values[i];
      const meta = value === undefined ? undefined : await store.getMeta(key, { signal });
      if (value !== undefined && meta !== undefined) {
        steps.push({ class: "pointer", key, value, meta });
      }
    }
    return steps;
  }
}

function treeOf({ key, value }: PointerState): Tree {
  const handle = toNode(value);
  if (handle instanceof RootHandle) {
    return { path: new NodePath(handle.address, new NodePath(key)) };
  }
  throw new SyncError("CODEC_INVALID", `a pointer to ${kindOf(value)} instead of a root handle`);
}
