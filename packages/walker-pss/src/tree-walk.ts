import {
  Branch,
  checkNode,
  NodePath,
  type NodePlace,
  type NodeSource,
  readNode,
  readNodes,
  type TreeNode,
} from "@datahike-sync/btset";
import type { Edn } from "@datahike-sync/edn";
import { AddressLevels } from "./address-levels.ts";
import { batches, CHECK_BATCH, READ_BATCH, requirePresent, type Tree } from "./tree.ts";

/** A branch on the way down, and those of its children that were read and not yet entered. */
interface Frame {
  readonly branch: Branch;
  readonly path: NodePath;
  /** Whether an entry under its address is to be yielded. */
  readonly stored: boolean;
  next: number;
  readonly read: { readonly branch: Branch; readonly path: NodePath }[];
}

export interface TreeWalkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether not to check that leaves are there. Default false. */
  readonly trustLeaves?: boolean | undefined;
}

/**
 * One walk over any number of trees of a store. An address that two of them share is yielded once,
 * and what is below it is read once.
 */
export class TreeWalk {
  readonly #store: NodeSource;
  readonly #options: TreeWalkOptions;
  readonly #met = new AddressLevels();

  constructor(store: NodeSource, options: TreeWalkOptions = {}) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * The addresses of a tree's nodes, children before parents, some at a time. Leaves are not read;
   * that they are there is checked.
   *
   * @throws {SyncError} `NODE_MISSING` with `details.path` when a node is not there, `CODEC_INVALID`
   * or `CODEC_LIMIT` when one is malformed or is where it cannot be.
   */
  async *walk(tree: Tree): AsyncGenerator<readonly Edn[], void, undefined> {
    const { path } = tree;
    const stored = tree.root === undefined;
    // A leaf that a branch named was not read: only reading tells that it is one.
    if (stored && (this.#met.get(path.key) ?? 0) > 0) return;
    const root = await this.#readRoot(tree);
    if (stored && !this.#met.add(path, root.level)) return;
    if (!(root instanceof Branch)) {
      if (stored) yield [path.key];
      return;
    }
    const frames: Frame[] = [{ branch: root, path, stored, next: 0, read: [] }];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      this.#options.signal?.throwIfAborted();
      if (frame.branch.level === 1) {
        yield* this.#leaves(frame);
      } else {
        if (frame.read.length === 0) await this.#readChildren(frame);
        const child = frame.read.shift();
        if (child !== undefined) {
          frames.push({ ...child, stored: true, next: 0, read: [] });
          continue;
        }
      }
      frames.pop();
      if (frame.stored) yield [frame.path.key];
    }
  }

  async #readRoot({ path, root }: Tree): Promise<TreeNode> {
    const place = { path, level: undefined };
    if (root !== undefined) return checkNode(root, place);
    this.#options.signal?.throwIfAborted();
    return readNode(this.#store, place, this.#options.signal);
  }

  async *#leaves({ branch, path }: Frame): AsyncGenerator<readonly Edn[], void, undefined> {
    const leaves: NodePath[] = [];
    for (const address of branch.addresses) {
      const leaf = new NodePath(address, path);
      if (this.#met.add(leaf, 0)) leaves.push(leaf);
    }
    for (const batch of batches(leaves, CHECK_BATCH)) {
      this.#options.signal?.throwIfAborted();
      if (this.#options.trustLeaves !== true)
        await requirePresent(this.#store, batch, this.#options.signal);
      yield batch.map(({ key }) => key);
    }
  }

  /** Reads the next children that the walk has not met, which are branches. */
  async #readChildren(frame: Frame): Promise<void> {
    const { branch, path } = frame;
    const places: NodePlace[] = [];
    while (places.length < READ_BATCH && frame.next < branch.addresses.length) {
      const child = new NodePath(branch.addresses[frame.next++] ?? null, path);
      const level = branch.level - 1;
      if (this.#met.add(child, level)) places.push({ path: child, level });
    }
    if (places.length === 0) return;
    const nodes = await readNodes(this.#store, places, this.#options.signal);
    for (const [i, node] of nodes.entries()) {
      const place = places[i];
      if (place !== undefined && node instanceof Branch) {
        frame.read.push({ branch: node, path: place.path });
      }
    }
  }
}
