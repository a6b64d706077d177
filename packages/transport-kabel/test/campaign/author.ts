/** Somebody who writes what servers have: trees below heads, branches, cells. */
import {
  type Edn,
  EdnSet,
  isKind,
  type Keyword,
  keyword,
  type Uuid,
  uuid,
} from "@datahike-sync/edn";
import type { StoreChange } from "@datahike-sync/transport-kabel";
import { BRANCHES } from "../forest-walker.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

export const TRUNK: Keyword = keyword("db");

export class Author {
  readonly #world: World;
  readonly #truth: Truth;
  /** Before the numbers of its nodes. */
  readonly #prefix: number;
  /** Whether nodes are written as what never gets another value. */
  readonly #marks: boolean;
  /** Heads of branches that were deleted: some come again as they were. */
  readonly #graves = new Map<Edn, Edn>();
  #nodes = 0;
  #version = 0;

  constructor(world: World, truth: Truth, prefix: number, marks: boolean) {
    this.#world = world;
    this.#truth = truth;
    this.#prefix = prefix;
    this.#marks = marks;
  }

  /** What a store begins with. */
  first(): StoreChange[] {
    return [
      ...this.transact(TRUNK),
      set(BRANCHES, new EdnSet([TRUNK])),
      ...this.cells(),
      ...this.cells(),
    ];
  }

  /** Some change, in the order in which it is to be written. */
  next(): StoreChange[] {
    const { random } = this.#world;
    const kind = random.below(12);
    if (kind === 0) return this.#met("a branch comes or goes", this.branch());
    if (kind === 1) return this.#met("garbage is collected", this.collect());
    if (kind === 2) return this.#met("a head is set back", this.rewind());
    if (kind <= 5) return this.#met("cells change", this.cells());
    return this.#met("a transaction", this.transact(random.pick(this.branches())));
  }

  /** A tree more below a head; of the trees before it some stay. */
  transact(branch: Edn): StoreChange[] {
    const { random } = this.#world;
    const leaves = Array.from({ length: 1 + random.below(3) }, () => this.#node());
    const root = this.#node();
    const before = rootsOf(this.#truth.get(branch)).filter(
      (one) => this.#truth.get(one) !== undefined && random.below(3) > 0,
    );
    return [
      ...leaves.map((leaf) => this.#setNode(leaf, `leaf ${this.#version}`)),
      this.#setNode(root, leaves),
      set(branch, ["head", ++this.#version, ...before.slice(-4), root]),
    ];
  }

  /** A branch more, or one less. */
  branch(): StoreChange[] {
    const { random } = this.#world;
    const names = this.branches();
    const name = keyword(`branch-${random.below(3)}`);
    if (names.includes(name)) {
      this.#world.meet("a branch is deleted");
      this.#graves.set(name, this.#truth.get(name) ?? null);
      return [setNames(names.filter((one) => one !== name)), { op: "delete", key: name }];
    }
    const grave = this.#graves.get(name);
    const isThere = rootsOf(grave).every((root) => this.#truth.get(root) !== undefined);
    const isDugUp = grave !== undefined && isThere && random.below(2) === 0;
    const head = isDugUp ? grave : (this.#truth.get(random.pick(names)) ?? null);
    return [set(name, head), setNames([...names, name])];
  }

  cells(): StoreChange[] {
    const { random } = this.#world;
    return Array.from({ length: 1 + random.below(4) }, () => {
      const key = `cell ${random.below(10)}`;
      const isThere = this.#truth.get(key) !== undefined;
      return isThere && random.below(3) === 0
        ? remove(key)
        : set(key, [++this.#version, "x".repeat(random.below(2) * 120)]);
    });
  }

  /** Deletes of all nodes that no head reaches. */
  collect(): StoreChange[] {
    const live = new Set<Edn>();
    for (const branch of this.branches()) {
      for (const root of rootsOf(this.#truth.get(branch))) {
        live.add(root.toString());
        for (const leaf of rootsOf(this.#truth.get(root))) live.add(leaf.toString());
      }
    }
    const dead = [...this.#truth.entries.values()].filter(
      ([key]) => isKind(key, "uuid") && !live.has(key.toString()),
    );
    return dead.map(([key]) => remove(key));
  }

  /** Deletes of what a head still reaches, which is to move on. */
  collectEagerly(branch: Edn): StoreChange[] {
    const [root] = rootsOf(this.#truth.get(branch));
    return root === undefined ? [] : [...rootsOf(this.#truth.get(root)), root].map(remove);
  }

  branches(): Keyword[] {
    return namesOf(this.#truth.get(BRANCHES));
  }

  /** A head with fewer trees, as after a commit was undone. */
  rewind(): StoreChange[] {
    const branch = this.#world.random.pick(this.branches());
    const roots = rootsOf(this.#truth.get(branch));
    if (roots.some((root) => this.#truth.get(root) === undefined)) return this.transact(branch);
    const kept = roots.slice(0, Math.max(1, roots.length - 1));
    return [set(branch, ["head", ++this.#version, ...kept])];
  }

  #met(what: string, changes: StoreChange[]): StoreChange[] {
    this.#world.meet(what);
    return changes;
  }

  #setNode(key: Uuid, value: Edn): StoreChange {
    return { op: "set", key, value, immutable: this.#marks };
  }

  #node(): Uuid {
    const number = String(++this.#nodes).padStart(11, "0");
    return uuid(`b0000000-0000-0000-0000-${this.#prefix}${number}`);
  }
}

/** The nodes that a head or a root names. */
export function rootsOf(value: Edn | undefined): Uuid[] {
  return isVector(value) ? value.filter((item) => isKind(item, "uuid")) : [];
}

/** The heads that are named, in no order. */
export function namesOf(value: Edn | undefined): Keyword[] {
  return isKind(value, "set") ? [...value].filter((name) => isKind(name, "keyword")) : [TRUNK];
}

function set(key: Edn, value: Edn): StoreChange {
  return { op: "set", key, value, immutable: false };
}

function remove(key: Edn): StoreChange {
  return { op: "delete", key };
}

function setNames(names: readonly Edn[]): StoreChange {
  return set(BRANCHES, new EdnSet(names));
}

function isVector(value: Edn | undefined): value is readonly Edn[] {
  return Array.isArray(value);
}
