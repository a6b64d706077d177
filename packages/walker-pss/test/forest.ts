/** Trees of numbers that share nodes, as path copying leaves them. */
import { Branch, Leaf, NodePath, RootHandle } from "@datahike-sync/btset";
import { type Edn, EdnMap, identity, keyword, Tagged, type Uuid, uuid } from "@datahike-sync/edn";
import type { MemoryStore } from "@datahike-sync/store-memory";
import type { Random } from "@datahike-sync/testing";
import type { Tree } from "@datahike-sync/walker-pss";

function mapOf(fields: Readonly<Record<string, Edn>>): EdnMap {
  return new EdnMap(Object.entries(fields).map(([name, value]) => [keyword(name), value]));
}

export function leaf(keys: readonly Edn[]): Leaf {
  return new Leaf(new Tagged("pss/leaf", [mapOf({ keys })]));
}

export function branch(
  level: number,
  keys: readonly Edn[],
  addresses: readonly Edn[],
  more: Readonly<Record<string, Edn>> = {},
): Branch {
  return new Branch(new Tagged("pss/branch", [mapOf({ level, keys, addresses, ...more })]));
}

export function handle(address: Edn): RootHandle {
  return new RootHandle(new Tagged("pss/set", [mapOf({ address })]));
}

/** A node as the model knows it. */
export interface ModelNode {
  readonly address: Uuid;
  readonly level: number;
  readonly keys: readonly number[];
  readonly children: readonly ModelNode[];
}

/** Grows trees in a store, each version of one a copy of the path that changed. */
export class Forest {
  readonly store: MemoryStore;
  readonly #random: Random;
  readonly #width: number;
  readonly #buffered: boolean;
  #next = 0;

  constructor(store: MemoryStore, random: Random, width: number, buffered: boolean) {
    this.store = store;
    this.#random = random;
    this.#width = width;
    this.#buffered = buffered;
  }

  async plant(items: readonly number[]): Promise<ModelNode> {
    let nodes: ModelNode[] = [];
    for (let start = 0; start === 0 || start < items.length; start += this.#width) {
      nodes.push(await this.#leaf(items.slice(start, start + this.#width)));
    }
    while (nodes.length > 1) nodes = await this.#parents(nodes);
    return nodes[0] as ModelNode;
  }

  /** Another version of a tree: some items are gone, some are new, all else is shared. */
  async change(root: ModelNode, items: number): Promise<ModelNode> {
    let nodes = [root];
    for (let count = 0; count < items; count++) {
      const item = this.#random.below(200);
      nodes = await this.#toggle(nodes, item);
      while (nodes.length > 1) nodes = await this.#parents(nodes);
      if (nodes.length === 0) nodes = [await this.#leaf([])];
    }
    return nodes[0] as ModelNode;
  }

  async #toggle(nodes: readonly ModelNode[], item: number): Promise<ModelNode[]> {
    const found = nodes.findIndex(({ keys }) => item <= (keys.at(-1) ?? item));
    const at = found < 0 ? nodes.length - 1 : found;
    const node = nodes[at] as ModelNode;
    const changed =
      node.level === 0
        ? await this.#split(node, item)
        : await this.#parents(await this.#toggle(node.children, item));
    return nodes.toSpliced(at, 1, ...changed);
  }

  async #split({ keys }: ModelNode, item: number): Promise<ModelNode[]> {
    const toggled = keys.includes(item)
      ? keys.filter((key) => key !== item)
      : [...keys, item].sort((a, b) => a - b);
    if (toggled.length === 0) return [];
    if (toggled.length <= this.#width) return [await this.#leaf(toggled)];
    const half = toggled.length >> 1;
    return [await this.#leaf(toggled.slice(0, half)), await this.#leaf(toggled.slice(half))];
  }

  /** Branches over these nodes, one or, where they are too many, two. */
  async #parents(nodes: readonly ModelNode[]): Promise<ModelNode[]> {
    if (nodes.length === 0) return [];
    if (nodes.length <= this.#width) return [await this.#branch(nodes)];
    const parents: ModelNode[] = [];
    for (let start = 0; start < nodes.length; start += this.#width) {
      parents.push(await this.#branch(nodes.slice(start, start + this.#width)));
    }
    return parents;
  }

  async #leaf(keys: readonly number[]): Promise<ModelNode> {
    const address = await this.#save(leaf(keys));
    return { address, level: 0, keys, children: [] };
  }

  async #branch(children: readonly ModelNode[]): Promise<ModelNode> {
    const level = 1 + (children[0]?.level ?? 0);
    const keys = children.map((child) => child.keys.at(-1) ?? 0);
    const addresses = children.map((child) => child.address);
    const more = this.#buffered ? { "diff-buf-size": 8 } : {};
    const address = await this.#save(branch(level, keys, addresses, more));
    return { address, level, keys, children };
  }

  async #save(node: Leaf | Branch): Promise<Uuid> {
    const address = uuid(`00000000-0000-0000-0000-${String(++this.#next).padStart(12, "0")}`);
    await this.store.set(address, node);
    return address;
  }
}

/** Every address below a node, and its own. */
export function reach(node: ModelNode, into: Set<string> = new Set()): Set<string> {
  into.add(identity(node.address));
  for (const child of node.children) reach(child, into);
  return into;
}

export function treeOf({ address }: ModelNode, order?: Tree["order"]): Tree {
  return { path: new NodePath(address, new NodePath(keyword("root"))), order };
}
