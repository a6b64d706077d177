import { type Edn, identity } from "@datahike-sync/edn";
import type { TreeNode } from "./node.ts";

/** How many nodes a cache holds by default: about 5 MB of Datahike's, each of some 256 datoms. */
export const CACHED_NODES = 64;

/**
 * The nodes that were used last, by address. Several indices of one store may share one, unless that
 * store gives used addresses to other nodes.
 */
export class NodeCache {
  readonly #maxNodes: number;
  readonly #nodes = new Map<string, TreeNode>();

  constructor(maxNodes: number = CACHED_NODES) {
    this.#maxNodes = maxNodes;
  }

  get(address: Edn): TreeNode | undefined {
    const key = identity(address);
    const node = this.#nodes.get(key);
    if (node !== undefined) this.#touch(key, node);
    return node;
  }

  set(address: Edn, node: TreeNode): void {
    this.#touch(identity(address), node);
    if (this.#nodes.size <= this.#maxNodes) return;
    // A Map iterates in the order of insertion: the first key is the one not used for longest.
    for (const oldest of this.#nodes.keys()) {
      this.#nodes.delete(oldest);
      return;
    }
  }

  #touch(key: string, node: TreeNode): void {
    this.#nodes.delete(key);
    this.#nodes.set(key, node);
  }
}
