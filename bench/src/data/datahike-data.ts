/** A database that Datahike wrote, and its last commits one after the other. */
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Codec, PointerState, ReadableStore, Store, Walker } from "@datahike-sync/core";
import { type Edn, equals, keyword, print } from "@datahike-sync/edn";
import { type StoreName, unpackStore } from "@datahike-sync/fixtures";
import { FileStore } from "@datahike-sync/store-file";
import { MemoryStore } from "@datahike-sync/store-memory";
import { datahikeWalker, isDbRecord, parentsOf } from "@datahike-sync/walker-datahike";
import type { Change } from "../system.ts";
import type { Data, DataKind } from "./data.ts";

const BRANCH = keyword("db");

export function datahikeKind(): DataKind {
  return { codec: fressianCodec({ handlers: fressianHandlers() }), walker: datahikeWalker() };
}

/**
 * Of the store only what its pointers reach, so that systems which know nothing of pointers have no more to
 * carry than the others.
 */
export class DatahikeData implements Data {
  /** After the last commit. */
  readonly keys: number;
  readonly valueBytes: number;
  /** What is reached after so many of the commits. */
  readonly #states: readonly (readonly Change[])[];
  readonly #commits: readonly (readonly Change[])[];
  #values = new Map<string, Change>();
  #made = 0;

  private constructor(
    states: readonly (readonly Change[])[],
    commits: readonly (readonly Change[])[],
  ) {
    this.#states = states;
    this.#commits = commits;
    const last = states.at(-1) ?? [];
    const bytes = last.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    this.keys = last.length;
    this.valueBytes = Math.round(bytes / last.length);
  }

  /** @param commits How many of its last commits can be made again. */
  static async open(name: StoreName, commits: number): Promise<DatahikeData> {
    const { codec } = datahikeKind();
    await using store = await readStore(name, codec);
    const history = new History(store, codec);
    const states: (readonly Change[])[] = [];
    const made: (readonly Change[])[] = [];
    let before: readonly PointerState[] | undefined;
    for (const now of await history.pointers(commits)) {
      states.push(await history.changes([], now));
      if (before !== undefined) made.push(await history.changes(before, now));
      before = now;
    }
    return new DatahikeData(states, made);
  }

  load(pending: number): readonly Change[] {
    this.#made = this.#commits.length - pending;
    const entries = this.#states[this.#made] ?? [];
    this.#values.clear();
    this.#remember(entries);
    return entries;
  }

  next(commits: number): readonly (readonly Change[])[] {
    const next = this.#commits.slice(this.#made, this.#made + commits);
    if (next.length < commits) throw new RangeError("the database has no more commits");
    this.#made += commits;
    for (const changes of next) this.#remember(changes);
    return next;
  }

  remove(): readonly Change[] {
    throw new TypeError("a database is not deleted from");
  }

  *now(): Iterable<readonly [key: Edn, value: Uint8Array | undefined]> {
    // What no pointer reaches any more is no replica's business.
    for (const { key } of this.#states[this.#made] ?? []) {
      yield [key, this.#values.get(print(key))?.value];
    }
  }

  #remember(changes: readonly Change[]): void {
    for (const change of changes) this.#values.set(print(change.key), change);
  }
}

/** The bundled store in memory, where its nodes are read again and again. */
async function readStore(name: StoreName, codec: Codec): Promise<Store> {
  await using unpacked = await unpackStore(name);
  await using files = await FileStore.open({ path: unpacked.path, codec, readOnly: true });
  const keys: Edn[] = [];
  for await (const { key } of files.keys()) keys.push(key);
  const store = await MemoryStore.open({ codec });
  for (const entry of await files.getMany(keys, { encoded: true })) {
    if (entry !== undefined) await store.write([{ op: "set", ...entry }]);
  }
  return store;
}

/** What a store's pointers were, and what they reached then. */
class History {
  readonly #store: ReadableStore;
  readonly #codec: Codec;
  readonly #walker: Walker = datahikeWalker();
  /** So that states share what they have in common. */
  readonly #nodes = new Map<string, Change>();

  constructor(store: ReadableStore, codec: Codec) {
    this.#store = store;
    this.#codec = codec;
  }

  /** The pointers after each of the last commits, and before them, the oldest first. */
  async pointers(commits: number): Promise<readonly (readonly PointerState[])[]> {
    let now: PointerState[] = [];
    for await (const step of this.#walker.walk(this.#store)) {
      if (step.class === "pointer") now.push({ key: step.key, value: step.value });
    }
    const states = [now];
    while (states.length <= commits) {
      const head = now.find(({ key }) => key === BRANCH)?.value;
      const [parent = null] = isDbRecord(head) ? parentsOf(head) : [];
      const value = await this.#store.get(parent);
      if (!isDbRecord(value)) throw new Error("the database has fewer commits");
      now = now.map(({ key, value: other }) => ({ key, value: key === BRANCH ? value : other }));
      states.unshift(now);
    }
    return states;
  }

  /** The commit that makes one state another: new nodes, then the pointers that have moved. */
  async changes(
    from: readonly PointerState[],
    to: readonly PointerState[],
  ): Promise<readonly Change[]> {
    const changes: Change[] = [];
    for await (const { key } of this.#walker.diff(this.#store, from, to)) {
      changes.push(await this.#node(key));
    }
    for (const { key, value } of to) {
      const before = from.find((one) => one.key === key);
      if (before !== undefined && equals(before.value, value)) continue;
      changes.push({ key, value: this.#codec.encode(value) });
    }
    return changes;
  }

  async #node(key: Edn): Promise<Change> {
    const id = print(key);
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const entry = await this.#store.get(key, { encoded: true });
    if (entry === undefined) throw new Error("the database has not all of its commits");
    // Copied: the rest of the file need not stay.
    const node: Change = { key, value: entry.value.bytes.slice(), immutable: entry.immutable };
    this.#nodes.set(id, node);
    return node;
  }
}
