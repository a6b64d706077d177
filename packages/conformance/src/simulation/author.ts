/** Thinks up commits for a store: what an application would write next, from what is there. */
import type { Operation, SetOperation } from "@datahike-sync/core";
import { type Edn, keyword } from "@datahike-sync/edn";
import { BRANCHES, type Content, isNodeKey, toValue } from "./content.ts";
import type { Dice } from "./dice.ts";
import type { Mirror } from "./mirror.ts";

export interface AuthorOptions {
  readonly mirror: Mirror;
  readonly dice: Dice;
  /** Whether pointers have to be named by a pointer, and have records. */
  readonly hasWalker: boolean;
  /** Whether keys of nodes that nobody reaches are used again. */
  readonly recycles: boolean;
  /** Whether values differ in who may see them. */
  readonly hasLevels: boolean;
  /** Whether somebody may ask for the records of pointers. */
  readonly keepsRecords: boolean;
  /** Before the names of cells: loops have two authors. */
  readonly prefix: string;
  /** A number that was never given before. */
  readonly next: () => number;
}

export class Author {
  readonly #options: AuthorOptions;

  constructor(options: AuthorOptions) {
    this.#options = options;
  }

  /** A tree with a new leaf and a new root, under a pointer that moves there. */
  transaction(padding = 0): Operation[] {
    const { mirror, dice } = this.#options;
    const name = dice.chance(0.8) ? "db" : "dev";
    const kids = this.#rootOf(name).flatMap((root) => mirror.entries.get(root)?.content.kids ?? []);
    const kept = kids.filter((kid) => dice.chance(0.7) && mirror.isWhole(kid)).slice(-2);
    const leaf = this.#nodeKey([...kept]);
    const branch = this.#nodeKey([...kept, leaf]);
    const root = this.#nodeKey([...kept, leaf, branch]);
    const operations = [this.#node(leaf, [], padding)];
    // Sometimes the new leaf is one level deeper.
    const below = dice.chance(0.4) ? branch : leaf;
    if (below === branch) operations.push(this.#node(branch, [leaf]));
    operations.push(this.#node(root, [...kept, below]));
    return [...operations, ...this.#point(name, [root])];
  }

  /** A pointer to a root of long ago: no node is written. */
  toOldRoot(name: string): Operation[] {
    const { mirror, dice } = this.#options;
    const roots = [...mirror.entries].filter(
      ([key, { content, origin }]) =>
        key.startsWith("n") &&
        origin === undefined &&
        content.kids.length > 0 &&
        mirror.isWhole(key),
    );
    return roots.length === 0 ? [] : this.#point(name, [dice.pick(roots)[0]]);
  }

  /** A pointer that is no more. */
  withoutBranch(): Operation[] {
    const names = this.#names().filter((name) => name !== "db");
    if (names.length === 0) return [];
    const gone = this.#options.dice.pick(names);
    const rest = this.#names().filter((name) => name !== gone);
    const named = this.#options.hasWalker
      ? [this.#set(BRANCHES, { version: this.#options.next(), kids: [], names: rest })]
      : [];
    return [...named, { op: "delete", key: this.#pointerKey(gone) }];
  }

  /** The deletes of nodes that no cell reaches, some or all. */
  collect(most: number): Operation[] {
    const { mirror, dice, keepsRecords } = this.#options;
    const reached = mirror.reached();
    const records = mirror.records();
    const dead = [...mirror.entries.values()].filter(
      ({ key, origin }) =>
        isNodeKey(key) &&
        origin === undefined &&
        !reached.has(key as string) &&
        (!records.has(key as string) || (!keepsRecords && dice.chance(0.1))),
    );
    return dead.slice(0, most).map(({ key }): Operation => ({ op: "delete", key }));
  }

  /** Nodes that are there, or were, written once more as they were, and a pointer to them. */
  again(graves: ReadonlyMap<string, Content>): Operation[] {
    const { mirror, dice, recycles } = this.#options;
    // A key that has had other nodes may by now be above what was below it.
    if (recycles) return [];
    const known = new Map([...graves].filter(([key]) => key.startsWith("n")));
    for (const [key, { content, origin }] of mirror.entries) {
      if (key.startsWith("n") && origin === undefined) known.set(key, content);
    }
    if (known.size === 0) return [];
    const [root] = dice.pick([...known]);
    const operations: Operation[] = [];
    const written = new Set<string>();
    const write = (key: string): boolean => {
      const content = known.get(key);
      if (content === undefined) return false;
      if (written.has(key)) return true;
      written.add(key);
      if (!content.kids.every(write)) return false;
      operations.push({ ...this.#set(key, content), immutable: true });
      return true;
    };
    return write(root) ? [...operations, ...this.#point("old", [root])] : [];
  }

  /** Two cells that are always equal. */
  pair(): Operation[] {
    const version = this.#options.next();
    const cells = ["x", "y"].map((name) => this.#cell(name, { version, kids: [] }));
    return this.#options.dice.chance(0.5) ? cells : cells.reverse();
  }

  /** One cell, of a few. */
  one(padding = 0): Operation[] {
    const { dice, hasLevels } = this.#options;
    const level = hasLevels ? dice.below(3) : 0;
    const content = { version: this.#options.next(), kids: [], level, padding };
    return [this.#cell(`c${dice.below(6)}`, content)];
  }

  /** A cell that is no more. */
  without(): Operation[] {
    const { dice, prefix } = this.#options;
    if (dice.chance(0.2)) {
      return ["x", "y"].map((name): Operation => ({ op: "delete", key: prefix + name }));
    }
    return [{ op: "delete", key: `${prefix}c${dice.below(6)}` }];
  }

  #point(name: string, kids: readonly string[]): Operation[] {
    const { hasWalker, recycles, next } = this.#options;
    const version = next();
    if (!hasWalker) return [this.#set(this.#pointerKey(name), { version, kids })];
    const record = `r${version}`;
    const content: Content = { version, kids, record, recycles };
    const names = this.#names();
    const named = names.includes(name)
      ? []
      : [this.#set(BRANCHES, { version: next(), kids: [], names: [...names, name] })];
    return [
      { ...this.#set(record, content), immutable: true },
      ...named,
      this.#set(this.#pointerKey(name), content),
    ];
  }

  #pointerKey(name: string): Edn {
    const { hasWalker, prefix } = this.#options;
    return hasWalker ? keyword(name) : `${prefix}p-${name}`;
  }

  #names(): readonly string[] {
    const { mirror, hasWalker, prefix } = this.#options;
    if (hasWalker) return mirror.entries.get(":branches")?.content.names ?? [];
    return [...mirror.entries.keys()].flatMap((key) =>
      key.startsWith(`${prefix}p-`) ? [key.slice(prefix.length + 2)] : [],
    );
  }

  #rootOf(name: string): readonly string[] {
    const { mirror, hasWalker, prefix } = this.#options;
    return mirror.entries.get(hasWalker ? `:${name}` : `${prefix}p-${name}`)?.content.kids ?? [];
  }

  /** A key for a node: a new one, or one whose node nobody reaches any more. */
  #nodeKey(taken: readonly string[]): string {
    const { mirror, dice, recycles, prefix } = this.#options;
    if (recycles && dice.chance(0.6)) {
      const reached = mirror.reached();
      const free = [...mirror.entries.keys()].filter(
        (key) => key.startsWith("n") && !reached.has(key) && !taken.includes(key),
      );
      if (free.length > 0) return dice.pick(free);
    }
    return `n${prefix}${this.#options.next()}`;
  }

  #node(key: string, kids: readonly string[], padding = 0): SetOperation {
    const content = { version: this.#options.next(), kids, padding };
    return { ...this.#set(key, content), immutable: true, rewrite: this.#options.recycles };
  }

  #cell(name: string, content: Content): SetOperation {
    return this.#set(this.#options.prefix + name, content);
  }

  #set(key: Edn, content: Content): SetOperation {
    return { op: "set", key, value: toValue(content) };
  }
}
