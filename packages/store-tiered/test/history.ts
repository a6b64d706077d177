/** What a backend was after each of its commits. */
import { type Commit, isEncoded } from "@datahike-sync/core";
import { type Edn, print } from "@datahike-sync/edn";

export class History {
  /** What each commit, by its number, has made of keys. */
  readonly #commits: ReadonlyMap<string, Edn | undefined>[] = [];
  #told = 0;

  /** The last commit that was told. */
  get told(): number {
    return this.#told;
  }

  add({ cursor, operations }: Commit): void {
    this.#told = Math.max(this.#told, cursor.seq);
    this.#commits[cursor.seq] = new Map(
      operations.map((fact) => [
        nameOf(fact.key),
        fact.op === "delete" ? undefined : isEncoded(fact.value) ? fact.value.decode() : fact.value,
      ]),
    );
  }

  /** The value of a key after a commit. */
  at(seq: number, key: string): Edn | undefined {
    for (let earlier = seq; earlier > 0; earlier--) {
      const commit = this.#commits[earlier];
      if (commit?.has(key)) return commit.get(key);
    }
    return undefined;
  }

  /** The first of these commits after which something was so; `undefined` when it never was. */
  first(from: number, to: number, isSo: (seq: number) => boolean): number | undefined {
    for (let seq = from; seq <= to; seq++) if (isSo(seq)) return seq;
    return undefined;
  }

  /** For people: what a key was in that time. */
  explain(key: string, from: number, to: number): string {
    const values = Array.from({ length: to - from + 1 }, (_, i) => this.at(from + i, key));
    return `${key} was ${values.map(textOf).join(", ")} after commits ${from} to ${to}`;
  }
}

export function nameOf(key: Edn): string {
  return typeof key === "string" ? key : print(key);
}

export function textOf(value: Edn | undefined): string {
  return value === undefined ? "nothing" : print(value);
}
