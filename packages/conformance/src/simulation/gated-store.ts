/** A store of which every call waits at a gate. */
import {
  type Capabilities,
  type Changes,
  type ChangesOptions,
  type Commit,
  type Encoded,
  type EncodedEntry,
  type EncodedReadOptions,
  type EntryMeta,
  type FeedPosition,
  type FeedState,
  type KeyEntry,
  type KeysOptions,
  type Operation,
  type ReadOptions,
  type SetOperation,
  type Stage,
  type Standing,
  type Store,
  type WriteOptions,
  type WriteResult,
} from "@datahike-sync/core";
import type { Edn, Uuid } from "@datahike-sync/edn";
import type { CallKind, Gate } from "./gate.ts";
import type { Life } from "./life.ts";

/** Commits are told at once: they are facts, and whoever listens is of the same process. */
export class GatedStore implements Store {
  readonly capabilities: Capabilities;
  readonly #real: Store;
  readonly #gate: Gate;
  readonly #life: Life;

  constructor(real: Store, gate: Gate, life: Life) {
    this.capabilities = real.capabilities;
    this.#real = real;
    this.#gate = gate;
    this.#life = life;
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    return this.#read("get", () => this.#real.get(key, options));
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    return this.#read(`getMany ${keys.length}`, () => this.#real.getMany(keys, options));
  }

  getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    return this.#read("getMeta", () => this.#real.getMeta(key, options));
  }

  has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return this.#read("has", () => this.#real.has(key, options));
  }

  readMany(keys: readonly Edn[]): ReturnType<Store["readMany"]> {
    return this.#read(`readMany ${keys.length}`, () => this.#real.readMany(keys));
  }

  changes(after: FeedPosition, options?: ChangesOptions): Promise<Changes> {
    return this.#read(`changes ${after.seq}`, () => this.#real.changes(after, options));
  }

  feed(): Promise<FeedState> {
    return this.#read("feed", () => this.#real.feed());
  }

  standing(storeId: Uuid): Promise<Standing | undefined> {
    return this.#read("standing", () => this.#real.standing(storeId));
  }

  async *keys(options?: KeysOptions): AsyncGenerator<KeyEntry, undefined> {
    const entries = this.#real.keys(options);
    for (;;) {
      // Some at a time, as a store reads them.
      const some = await this.#read("keys", async () => {
        const found: KeyEntry[] = [];
        while (found.length < KEYS_CHUNK) {
          const { done, value } = await entries.next();
          if (done === true) break;
          found.push(value);
        }
        return found;
      });
      yield* some;
      if (some.length < KEYS_CHUNK) return;
    }
  }

  set(
    key: Edn,
    value: Edn | Encoded,
    options?: Omit<SetOperation, "op" | "key" | "value">,
  ): Promise<WriteResult> {
    return this.#change("set", () => this.#real.set(key, value, options));
  }

  delete(key: Edn): Promise<boolean> {
    return this.#change("delete", () => this.#real.delete(key));
  }

  update(key: Edn, change: (value: Edn | undefined) => Edn | undefined): Promise<Edn | undefined> {
    return this.#change("update", () => this.#real.update(key, change));
  }

  write(operations: readonly Operation[], options?: WriteOptions): Promise<WriteResult> {
    const by = options?.standing === undefined ? "" : ` r${options.standing.was + 1}`;
    return this.#change(`write ${operations.length}${by}`, () => {
      return this.#real.write(operations, options);
    });
  }

  compact(seq?: number): Promise<void> {
    return this.#change("compact", () => this.#real.compact(seq));
  }

  close(): Promise<void> {
    return this.#change("close", () => this.#real.close());
  }

  destroy(): Promise<void> {
    return this.#change("destroy", () => this.#real.destroy());
  }

  stage(storeId: Uuid): Stage {
    const stage = this.#real.stage(storeId);
    const read = async function* (this: GatedStore): AsyncGenerator<Uint8Array, undefined> {
      const records = stage.read();
      for (;;) {
        const { done, value } = await this.#read("stage read", () => records.next());
        if (done === true) return;
        yield value;
      }
    };
    return {
      append: (records) => {
        return this.#change(`stage append ${records.length}`, () => stage.append(records));
      },
      read: () => read.call(this),
      clear: () => this.#change("stage clear", () => stage.clear()),
    };
  }

  onCommit(listener: (commit: Commit) => void): () => void {
    return this.#real.onCommit((commit) => {
      if (!this.#life.isOver) listener(commit);
    });
  }

  pin(keys: Iterable<Edn>): () => void {
    return this.#real.pin(keys);
  }

  isPinned(key: Edn): boolean {
    return this.#real.isPinned(key);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #read<T>(label: string, job: () => Promise<T>): Promise<T> {
    return this.#pass("read", label, job);
  }

  #change<T>(label: string, job: () => Promise<T>): Promise<T> {
    return this.#pass("change", label, job);
  }

  #pass<T>(kind: CallKind, label: string, job: () => Promise<T>): Promise<T> {
    return this.#gate.pass(this.#life, kind, label, job);
  }
}

/** Small, so that what is listed changes while it is. */
const KEYS_CHUNK = 8;
