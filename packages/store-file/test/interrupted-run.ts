/** Commits that a failure of power interrupts, and what may be left of them. */
import type { Operation, Store } from "@datahike-sync/core";
import type { FileStore } from "@datahike-sync/store-file";
import { Random, seed } from "@datahike-sync/testing";
import { ModelDisk } from "./model-disk.ts";
import { ModelStore } from "./model-store.ts";
import { STORE_ID } from "./numbered.ts";

const COMMITS = 3;

/** A store whose power fails in the middle of its commits. */
export class Run {
  readonly disk: ModelDisk;
  readonly #label: string;
  readonly #random: Random;
  /** Before the first commit, and after each: what is there. */
  readonly #states: Map<string, string>[] = [new Map()];
  /** Whether a subscription writes: then every commit moves its standing. */
  readonly #isReplica: boolean;
  #revision = 0;
  #acknowledged = 0;

  constructor(number: number, failAt: number = Number.POSITIVE_INFINITY) {
    this.#label = `seed ${seed}, case ${number}, failure at ${failAt}`;
    this.#random = new Random(number);
    this.#isReplica = number % 2 === 0;
    const faults = new Random(number * 1_000 + Math.min(failAt, 999));
    this.disk = new ModelDisk({ random: () => faults.next() });
    this.disk.failAt = failAt;
  }

  /** How many commits were begun. */
  get commits(): number {
    return this.#states.length - 1;
  }

  /** Ends with the power, or after all commits. */
  async write(): Promise<void> {
    const work = async () => {
      const store = await ModelStore.on(this.disk.open());
      for (let commit = 1; commit <= COMMITS; commit++) await this.#commit(store, commit);
      await store.close();
    };
    await Promise.race([this.disk.whenFailed(), work()]);
    // What was under way is no more, whether or not the power had time to fail.
    this.disk.crash();
  }

  /** What another process sees, that knows nothing of commits: no half file, no node missing. */
  async checkFolder(): Promise<void> {
    const disk = this.disk.open();
    this.disk.failAt = Number.POSITIVE_INFINITY;
    const store = await ModelStore.on(disk, { readOnly: true }).catch(() => undefined);
    if (store === undefined) return;
    // An entry that is there in part is an error.
    const state = await stateOf(store);
    const nodes = JSON.parse(state.get("pointer") ?? "[]") as string[];
    const missing = nodes.filter((node) => !state.has(node));
    this.#check(missing.length === 0, `the pointer is there, and not ${missing.join(" ")}`);
  }

  /** What the next opener sees: some first commits, whole, with all that was acknowledged; and it goes on. */
  async checkStore(): Promise<void> {
    this.disk.failAt = Number.POSITIVE_INFINITY;
    const store = await ModelStore.on(this.disk.open());
    const found = await stateOf(store);
    const due = this.#states.slice(this.#acknowledged).map(textOf);
    this.#check(due.includes(textOf(found)), `there is ${textOf(found)}, which was no state`);
    const names = [...this.disk.files("/store.sync").keys()];
    this.#check(!names.some((name) => name.startsWith("new-")), "files are left of a commit");
    this.#revision = Number(found.get("standing") ?? 0);
    await this.#write(store, [set("later", 1), { op: "delete", key: "c0" }]);
    await store.close();
    const again = await ModelStore.on(this.disk.open());
    this.#apply(found, [set("later", 1), { op: "delete", key: "c0" }]);
    this.#check(textOf(await stateOf(again)) === textOf(found), "a later commit was lost");
    await again.close();
  }

  async #commit(store: FileStore, commit: number): Promise<void> {
    const operations = this.#random.next() < 0.4 ? this.#tree(commit) : this.#cells(commit);
    const state = new Map(this.#states.at(-1));
    this.#apply(state, operations);
    this.#states.push(state);
    await this.#write(store, operations);
    this.#acknowledged = commit;
  }

  async #write(store: FileStore, operations: readonly Operation[]): Promise<void> {
    const now = { position: this.#revision };
    const standing = { storeId: STORE_ID, was: this.#revision, now };
    await store.write(operations, this.#isReplica ? { standing } : {});
    this.#revision++;
  }

  #apply(state: Map<string, string>, operations: readonly Operation[]): void {
    for (const operation of operations) {
      const key = operation.key as string;
      if (operation.op === "delete") state.delete(key);
      else state.set(key, JSON.stringify(operation.value));
    }
    if (this.#isReplica) state.set("standing", String(Number(state.get("standing") ?? 0) + 1));
  }

  #check(isRight: boolean, wrong: string): void {
    if (!isRight) throw new Error(`${this.#label}: ${wrong}`);
  }

  /** New nodes, a pointer that moves to them, and the deletes of those before. */
  #tree(commit: number): Operation[] {
    const before = [...(this.#states.at(-1)?.keys() ?? [])].filter((key) => key.startsWith("n"));
    const nodes = ["a", "b", "c"].map((name) => `n${commit}${name}`);
    return [
      ...before.map((key): Operation => ({ op: "delete", key })),
      set("pointer", nodes),
      ...nodes.map(node),
    ];
  }

  #cells(commit: number): Operation[] {
    return Array.from({ length: 1 + this.#random.below(3) }, () => {
      const key = `c${this.#random.below(4)}`;
      return this.#random.next() < 0.3 ? { op: "delete", key } : set(key, [commit]);
    });
  }
}

export function node(key: string): Operation {
  return { ...set(key, "x".repeat(700)), immutable: true };
}

export function set(key: string, value: string | number | readonly (string | number)[]) {
  return { op: "set", key, value } as const;
}

async function stateOf(store: Store): Promise<Map<string, string>> {
  const state = new Map<string, string>();
  for await (const { key } of store.keys()) {
    state.set(key as string, JSON.stringify(await store.get(key)));
  }
  const standing = await store.standing(STORE_ID);
  if (standing !== undefined) state.set("standing", String(standing.revision));
  return state;
}

function textOf(state: ReadonlyMap<string, string>): string {
  return JSON.stringify(Array.from(state, (entry) => entry.join(" ")).sort());
}
