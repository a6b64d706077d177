import {
  Branch,
  checkNode,
  firstPlace,
  type NodeCache,
  NodePath,
  type NodePlace,
  type NodeSource,
  readNode,
  type TreeNode,
} from "@datahike-sync/btset";
import { type Edn, identity, isSyncError } from "@datahike-sync/edn";
import type { Tree } from "./tree.ts";
import { TreeWalk } from "./tree-walk.ts";

/** A node to be looked for in other trees. */
export interface FoundNode {
  readonly path: NodePath;
  readonly level: number;
  /** The largest item below it, where its tree tells; a tree that has the node has it there too. */
  readonly lastKey: Edn | undefined;
}

/** Tells whether trees reach a node, by the place where they would have it. */
export class TreeSearch {
  readonly #store: NodeSource;
  readonly #trees: readonly Tree[];
  /** Upper branches are come back to for every node. */
  readonly #cache: NodeCache;
  readonly #signal: AbortSignal | undefined;
  readonly #scanned = new Map<Tree, ReadonlySet<string>>();

  constructor(
    store: NodeSource,
    trees: readonly Tree[],
    cache: NodeCache,
    signal: AbortSignal | undefined,
  ) {
    this.#store = store;
    this.#trees = trees;
    this.#cache = cache;
    this.#signal = signal;
  }

  async reaches(node: FoundNode): Promise<boolean> {
    for (const tree of this.#trees) if (await this.#has(tree, node)) return true;
    return false;
  }

  async #has(tree: Tree, wanted: FoundNode): Promise<boolean> {
    const address = identity(wanted.path.key);
    if (tree.root === undefined && identity(tree.path.key) === address) return true;
    let node = await this.#readRoot(tree);
    let path = tree.path;
    while (node instanceof Branch && node.level > wanted.level) {
      const child = childAt(node, wanted.lastKey, tree.order);
      if (child === undefined) return (await this.#scan(tree)).has(address);
      const next = node.addresses[child];
      if (next === undefined) return false;
      if (node.level === wanted.level + 1) return identity(next) === address;
      path = new NodePath(next, path);
      node = await this.#read({ path, level: node.level - 1 });
    }
    return false;
  }

  async #readRoot({ path, root }: Tree): Promise<TreeNode> {
    const place = { path, level: undefined };
    return root === undefined ? this.#read(place) : checkNode(root, place);
  }

  async #read(place: NodePlace): Promise<TreeNode> {
    const cached = this.#cache.get(place.path.key);
    if (cached !== undefined) return checkNode(cached, place);
    this.#signal?.throwIfAborted();
    const node = await readNode(this.#store, place, this.#signal);
    this.#cache.set(place.path.key, node);
    return node;
  }

  /** Every address of a tree. Reads all its branches: for trees whose order does not help. */
  async #scan(tree: Tree): Promise<ReadonlySet<string>> {
    const known = this.#scanned.get(tree);
    if (known !== undefined) return known;
    const addresses = new Set<string>();
    const walk = new TreeWalk(this.#store, { signal: this.#signal, trustLeaves: true });
    for await (const keys of walk.walk(tree)) for (const key of keys) addresses.add(identity(key));
    this.#scanned.set(tree, addresses);
    return addresses;
  }
}

/**
 * The child that has an item, or the number of children where none can; `undefined` where the keys
 * do not tell.
 */
function childAt(branch: Branch, item: Edn | undefined, order: Tree["order"]): number | undefined {
  // With changes held back, the same child has another largest item below another parent.
  if (order === undefined || item === undefined || branch.buffered) return undefined;
  try {
    return firstPlace(branch.keys, (key) => order(key, item) >= 0);
  } catch (error) {
    if (isSyncError(error, "CODEC_UNSUPPORTED")) return undefined;
    throw error;
  }
}
