/**
 * What one set of trees reaches and another does not. Both sides are descended together, level by
 * level; below an address that both have at a level nobody looks.
 */
import {
  Branch,
  checkNode,
  NodeCache,
  NodePath,
  type NodePlace,
  type NodeSource,
  readNodes,
  type TreeNode,
} from "@datahike-sync/btset";
import { type Edn, identity } from "@datahike-sync/edn";
import { AddressLevels } from "./address-levels.ts";
import { type DiffSide, onSide } from "./diff-side.ts";
import { batches, READ_BATCH, requirePresent, type Tree } from "./tree.ts";
import { type FoundNode, TreeSearch } from "./tree-search.ts";

export interface TreeDiffOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether to find out also what `from` reaches and `to` does not. Default false. */
  readonly removed?: boolean | undefined;
}

/** Addresses of nodes, in an order in which they may be stored or deleted one after the other. */
export interface TreeDifference {
  /** Children before parents. */
  readonly added: readonly Edn[];
  /** Parents before children; none unless asked for. */
  readonly removed: readonly Edn[];
}

/**
 * What `to` reaches and `from` does not, and the reverse. Leaves are not read; that those added are
 * there is checked.
 *
 * @throws {SyncError} As {@link TreeWalk.walk}; `NODE_MISSING` with `details.side`, `"from"` or
 * `"to"`, where the path begins.
 */
export async function diffTrees(
  store: NodeSource,
  from: readonly Tree[],
  to: readonly Tree[],
  options: TreeDiffOptions = {},
): Promise<TreeDifference> {
  const before = new Side("from", from, store, options);
  const after = new Side("to", to, store, options);
  await Promise.all([before.enter(after.roots), after.enter(before.roots)]);
  for (let level = Math.max(before.height, after.height); level >= 0; level--) {
    const [inBefore, inAfter] = [before.at(level), after.at(level)];
    await Promise.all([before.descend(level, inAfter), after.descend(level, inBefore)]);
  }
  // A single tree has no node twice. Of several, one may reach a node below an address that both
  // sides have, where nobody looked, and another where the other side does not have it.
  const added = to.length > 1 ? await before.without(after.own) : after.own;
  const leaves = added.filter(({ level }) => level === 0).map(({ path }) => path);
  await onSide("to", () => requirePresent(store, leaves, options.signal));
  const gone = options.removed === true ? before.own : [];
  const removed = from.length > 1 ? await after.without(gone) : gone;
  return {
    added: added.toSorted((a, b) => a.level - b.level).map(({ path }) => path.key),
    removed: removed.map(({ path }) => path.key),
  };
}

/** How many branches of a side are kept. */
const KEPT_BRANCHES = 256;

/** A node met on the way down, and itself where it was read already. */
interface MetNode extends FoundNode {
  readonly branch: Branch | undefined;
}

/** The trees of one side, and how far they have been descended. */
class Side {
  /** What this side has and the other was not found to have, from the highest level down. */
  readonly own: FoundNode[] = [];
  /** The roots that are entries of their own. */
  readonly roots: ReadonlySet<string>;
  readonly #name: DiffSide;
  readonly #trees: readonly Tree[];
  readonly #store: NodeSource;
  readonly #options: TreeDiffOptions;
  readonly #met = new AddressLevels();
  /** A search begins with the branches that were read on the way down. */
  readonly #cache = new NodeCache(KEPT_BRANCHES);
  /** By level, the nodes that were met and not yet compared. */
  readonly #levels: Map<string, MetNode>[] = [];

  constructor(name: DiffSide, trees: readonly Tree[], store: NodeSource, options: TreeDiffOptions) {
    const stored = trees.filter(({ root }) => root === undefined);
    this.roots = new Set(stored.map(({ path }) => identity(path.key)));
    this.#name = name;
    this.#trees = trees;
    this.#store = store;
    this.#options = options;
  }

  /** The highest level that has nodes to be compared; -1 without any. */
  get height(): number {
    return this.#levels.length - 1;
  }

  at(level: number): ReadonlyMap<string, MetNode> {
    return this.#levels[level] ?? new Map();
  }

  /** Meets the roots of its trees, but for those that are roots of the other side too. */
  async enter(others: ReadonlySet<string>): Promise<void> {
    const places: NodePlace[] = [];
    for (const { path, root } of this.#trees) {
      const place = { path, level: undefined };
      if (root === undefined) {
        if (!others.has(identity(path.key))) places.push(place);
      } else {
        const node = checkNode(root, place);
        if (node instanceof Branch) this.#expand(node, path);
      }
    }
    await this.#read(places, (node, path) => {
      this.#meet(path, node.level, node.keys.at(-1), node instanceof Branch ? node : undefined);
    });
  }

  /** Takes the nodes of a level as its own that the other side has not, and meets their children. */
  async descend(level: number, others: ReadonlyMap<string, MetNode>): Promise<void> {
    const places: NodePlace[] = [];
    for (const [address, node] of this.at(level)) {
      if (others.has(address)) continue;
      this.own.push(node);
      if (node.branch !== undefined) this.#expand(node.branch, node.path);
      else if (level > 0) places.push({ path: node.path, level });
    }
    this.#levels.length = Math.min(this.#levels.length, level);
    await this.#read(places, (node, path) => {
      if (node instanceof Branch) this.#expand(node, path);
    });
  }

  /** Those of these nodes that no tree of this side reaches. */
  async without(nodes: readonly FoundNode[]): Promise<FoundNode[]> {
    const { signal } = this.#options;
    const search = new TreeSearch(this.#store, this.#trees, this.#cache, signal);
    const reached = new Set<NodePath>();
    const absent: FoundNode[] = [];
    for (const node of nodes) {
      // Whoever reaches a node reaches what is below it.
      const below = node.path.parent !== undefined && reached.has(node.path.parent);
      if (below || (await onSide(this.#name, () => search.reaches(node)))) reached.add(node.path);
      else absent.push(node);
    }
    return absent;
  }

  #meet(path: NodePath, level: number, lastKey: Edn | undefined, branch?: Branch): void {
    if (!this.#met.add(path, level)) return;
    while (this.#levels.length <= level) this.#levels.push(new Map());
    this.#levels[level]?.set(identity(path.key), { path, level, lastKey, branch });
  }

  #expand(branch: Branch, path: NodePath): void {
    for (const [child, address] of branch.addresses.entries()) {
      this.#meet(new NodePath(address, path), branch.level - 1, branch.keys[child]);
    }
  }

  async #read(
    places: readonly NodePlace[],
    use: (node: TreeNode, path: NodePath) => void,
  ): Promise<void> {
    const { signal } = this.#options;
    for (const batch of batches(places, READ_BATCH)) {
      signal?.throwIfAborted();
      const nodes = await onSide(this.#name, () => readNodes(this.#store, batch, signal));
      for (const [i, node] of nodes.entries()) {
        const { path } = batch[i] as NodePlace;
        this.#cache.set(path.key, node);
        use(node, path);
      }
    }
  }
}
