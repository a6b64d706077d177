import type { EdnMap } from "@datahike-sync/edn";
import type { Datom } from "./datom.ts";
import type { DatomOrder } from "./datom-order.ts";
import { Leaf, type TreeNode } from "./node.ts";
import type { NodeCache } from "./node-cache.ts";
import { NodePath } from "./node-path.ts";
import type { NodeSource } from "./node-source.ts";
import { checkNode, type NodePlace, readNodes } from "./read-nodes.ts";
import type { Slice } from "./slice.ts";
import { type ProjectedBranch, projectBranch, projectLeaf } from "./slots.ts";

/** A node to be read, with the changes that its parent holds for it. */
interface ProjectedPlace extends NodePlace {
  readonly diff: EdnMap | undefined;
}

/** A branch on the way down: what is left of its children, in the direction of the slice. */
interface Frame {
  readonly path: NodePath;
  readonly projected: ProjectedBranch;
  start: number;
  end: number;
}

/** Walks the leaves of a slice. Not to be asked again before it has answered. */
export class LeafCursor {
  readonly #store: NodeSource;
  readonly #cache: NodeCache;
  readonly #order: DatomOrder;
  readonly #slice: Slice;
  readonly #signal: AbortSignal | undefined;
  readonly #frames: Frame[] = [];

  constructor(
    store: NodeSource,
    cache: NodeCache,
    order: DatomOrder,
    slice: Slice,
    signal: AbortSignal | undefined,
  ) {
    this.#store = store;
    this.#cache = cache;
    this.#order = order;
    this.#slice = slice;
    this.#signal = signal;
  }

  /** Enters the tree at its root, and gives its datoms at once if that is a leaf. */
  enter(node: TreeNode, path: NodePath): (readonly Datom[])[] {
    if (node instanceof Leaf) return [this.#datomsOf(node, undefined)];
    this.#push(projectBranch(node, undefined), path);
    return [];
  }

  /** The datoms of the next leaves, at least one and at most `count`; none at the end. */
  async next(count: number): Promise<(readonly Datom[])[]> {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      if (frame.start >= frame.end) {
        this.#frames.pop();
      } else if (frame.projected.branch.level === 1) {
        return this.#readLeaves(frame, count);
      } else {
        const [place] = this.#take(frame, 1) as [ProjectedPlace];
        const [node] = (await this.#read([place])) as [TreeNode];
        if (!(node instanceof Leaf)) this.#push(projectBranch(node, place.diff), place.path);
      }
    }
    return [];
  }

  async #readLeaves(frame: Frame, count: number): Promise<(readonly Datom[])[]> {
    const places = this.#take(frame, count);
    const nodes = await this.#read(places);
    return nodes.map((node, i) => this.#datomsOf(node as Leaf, places[i]?.diff));
  }

  #datomsOf(leaf: Leaf, diff: EdnMap | undefined): readonly Datom[] {
    return this.#slice.clip(projectLeaf(leaf, diff, this.#order));
  }

  #push(projected: ProjectedBranch, path: NodePath): void {
    this.#frames.push({ path, projected, ...this.#slice.children(projected.separators) });
  }

  /** The places of the next children, at most `count`. */
  #take(frame: Frame, count: number): ProjectedPlace[] {
    const { branch, diffs } = frame.projected;
    const places: ProjectedPlace[] = [];
    while (places.length < count && frame.start < frame.end) {
      const child = this.#slice.reverse ? --frame.end : frame.start++;
      places.push({
        path: new NodePath(branch.addresses[child] ?? null, frame.path),
        level: branch.level - 1,
        diff: diffs.get(child),
      });
    }
    return places;
  }

  /** The nodes at these places: those that are not in the cache are read as one. */
  async #read(places: readonly NodePlace[]): Promise<TreeNode[]> {
    const cached = places.map(({ path }) => this.#cache.get(path.key));
    const wanted = places.filter((_, i) => cached[i] === undefined);
    const read = wanted.length === 0 ? [] : await readNodes(this.#store, wanted, this.#signal);
    for (const [i, node] of read.entries()) {
      const address = wanted[i]?.path.key;
      if (address !== undefined) this.#cache.set(address, node);
    }
    let next = 0;
    return places.map((place, i) => checkNode(cached[i] ?? read[next++], place));
  }
}
