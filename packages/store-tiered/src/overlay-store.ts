/** A frontend over a backend that belongs to somebody else: what is written stays in the frontend. */
import type {
  Capabilities,
  Changes,
  Commit,
  Encoded,
  EncodedEntry,
  EncodedReadOptions,
  EntryMeta,
  FeedState,
  KeyEntry,
  KeysOptions,
  Operation,
  ReadableStore,
  ReadOptions,
  SetOperation,
  Stage,
  Standing,
  Store,
  WriteOptions,
  WriteResult,
} from "@datahike-sync/core";
import { type Edn, identity, snapshot } from "@datahike-sync/edn";
import { Life } from "./life.ts";
import { isMark } from "./marks.ts";
import type { NodeCopies } from "./node-copies.ts";
import type { TieredStore } from "./tiered-store.ts";
import { storeTarget, type WalkSyncOptions, type WalkSyncProgress, walkInto } from "./walk-sync.ts";

export interface OverlayStoreOptions {
  readonly frontend: Store;
  readonly backend: ReadableStore;
  /** Whether what the frontend does not have is read from the backend. */
  readonly readsBackend: boolean;
  readonly copies: NodeCopies;
}

/**
 * The frontend's entry of a key counts. Of the backend it keeps nodes only: a copy of anything else would
 * hide what the backend makes of it later.
 */
export class OverlayStore implements TieredStore {
  readonly capabilities: Capabilities;
  readonly #frontend: Store;
  readonly #backend: ReadableStore;
  readonly #readsBackend: boolean;
  readonly #copies: NodeCopies;
  readonly #life = new Life();
  #ended: Promise<void> | undefined;

  constructor({ frontend, backend, readsBackend, copies }: OverlayStoreOptions) {
    this.#frontend = frontend;
    this.#backend = backend;
    this.#readsBackend = readsBackend;
    this.#copies = copies;
    const { atomic, shared, durable } = frontend.capabilities;
    this.capabilities = Object.freeze({ atomic, feed: false, shared, durable });
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    return this.#life.run(async () => {
      const value = await this.#frontend.get(key, options);
      if (value !== undefined || !this.#readsBackend) return value;
      const [entry] = await this.#copies.read([key]);
      return isForEncoded(options) ? entry : entry && toValue(entry);
    }, options?.signal);
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    return this.#life.run(async () => {
      if (isForEncoded(options)) {
        const entries = await this.#frontend.getMany(keys, { ...options, encoded: true });
        return this.#withCopies<EncodedEntry>(keys, entries, (entry) => entry);
      }
      const values = await this.#frontend.getMany(keys, options);
      return this.#withCopies<Edn>(keys, values, toValue);
    }, options?.signal);
  }

  readMany(keys: readonly Edn[]): ReturnType<Store["readMany"]> {
    return this.#life.run(async () => {
      const { entries, last } = await this.#frontend.readMany(keys);
      return { entries: await this.#withCopies(keys, entries, (entry) => entry), last };
    });
  }

  getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    return this.#life.run(async () => {
      const meta = await this.#frontend.getMeta(key, options);
      if (meta !== undefined || !this.#readsBackend) return meta;
      return this.#backend.getMeta(key, options);
    }, options?.signal);
  }

  async has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return (await this.getMeta(key, options)) !== undefined;
  }

  async *keys(options: KeysOptions = {}): AsyncGenerator<KeyEntry, undefined> {
    // What is written while the backend is listed may be there too.
    const listed = new Set<string>();
    for (const store of this.#readsBackend ? [this.#frontend, this.#backend] : [this.#frontend]) {
      const entries = await this.#life.run(async () => store.keys(options), options.signal);
      for (;;) {
        const { done, value } = await this.#life.run(() => entries.next(), options.signal);
        if (done === true) break;
        const id = identity(value.key);
        if (isMark(value.key) || listed.has(id)) continue;
        if (store === this.#frontend) listed.add(id);
        yield value;
      }
    }
  }

  set(
    key: Edn,
    value: Edn | Encoded,
    options: Omit<SetOperation, "op" | "key" | "value"> = {},
  ): Promise<WriteResult> {
    return this.write([{ ...options, op: "set", key, value }]);
  }

  /** What the backend has shows again. */
  delete(key: Edn): Promise<boolean> {
    return this.#life.run(() => {
      this.#copies.spoil([key]);
      return this.#frontend.delete(key);
    });
  }

  async update(
    key: Edn,
    change: (value: Edn | undefined) => Edn | undefined,
  ): Promise<Edn | undefined> {
    return this.#life.run(async () => {
      const below = this.#readsBackend ? await this.#backend.get(key) : undefined;
      this.#copies.spoil([key]);
      return this.#frontend.update(key, (value) => change(value ?? below));
    });
  }

  write(operations: readonly Operation[], options: WriteOptions = {}): Promise<WriteResult> {
    return this.#life.run(async () => {
      if (options.standing !== undefined) throw noFeed();
      this.#copies.spoil(operations.map(({ key }) => key));
      return this.#frontend.write(operations, options);
    });
  }

  /** Rejects: there is no feed. */
  changes(): Promise<Changes> {
    return this.#life.run(() => Promise.reject(noFeed()));
  }

  /** The era of the frontend's opener, and a floor at the last commit: what is copied is in no order. */
  feed(): Promise<FeedState> {
    return this.#life.run(async () => {
      const { eras, last } = await this.#frontend.feed();
      return { eras: eras.slice(-1), last, floor: last };
    });
  }

  /** Rejects: there are no standings. */
  standing(): Promise<Standing | undefined> {
    return this.#life.run(() => Promise.reject(noFeed()));
  }

  /** Throws: there are no standings. */
  stage(): Stage {
    throw noFeed();
  }

  onCommit(listener: (commit: Commit) => void): () => void {
    return this.#frontend.onCommit((commit) => {
      const operations = commit.operations.filter(({ key }) => !this.#copies.isPut(key));
      if (operations.length > 0) listener({ ...commit, operations });
    });
  }

  pin(keys: Iterable<Edn>): () => void {
    return this.#frontend.pin(keys);
  }

  isPinned(key: Edn): boolean {
    return this.#frontend.isPinned(key);
  }

  compact(): Promise<void> {
    return this.#life.run(() => this.#frontend.compact());
  }

  flush(): Promise<void> {
    return this.#life.run(async () => void (await this.#frontend.write([], { barrier: true })));
  }

  walkSync(options: WalkSyncOptions): Promise<WalkSyncProgress> {
    const target = storeTarget(this.#frontend, this.#backend);
    return this.#life.run(() => walkInto(target, options));
  }

  close(): Promise<void> {
    this.#ended ??= this.#end(() => this.#frontend.close());
    return this.#ended;
  }

  /** The backend keeps what it has. */
  async destroy(): Promise<void> {
    this.#life.check();
    this.#ended ??= this.#end(() => this.#frontend.destroy());
    return this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What the frontend has, and for the rest what the backend has. */
  async #withCopies<T>(
    keys: readonly Edn[],
    found: readonly (T | undefined)[],
    toFound: (entry: EncodedEntry) => T,
  ): Promise<(T | undefined)[]> {
    if (!this.#readsBackend || !found.includes(undefined)) return [...found];
    const entries = await this.#copies.read(keys.filter((_, at) => found[at] === undefined));
    let next = 0;
    return found.map((each) => {
      if (each !== undefined) return each;
      const entry = entries[next++];
      return entry && toFound(entry);
    });
  }

  async #end(endFrontend: () => Promise<void>): Promise<void> {
    await this.#life.close();
    await this.#copies.settled();
    await Promise.all([endFrontend(), this.#backend.close()]);
  }
}

/** Whoever gets it may change bytes and dates. */
function toValue({ value }: EncodedEntry): Edn {
  return snapshot(value.decode());
}

function noFeed(): TypeError {
  return new TypeError("a store that is written to its frontend only keeps no history");
}

function isForEncoded(
  options: ReadOptions | EncodedReadOptions | undefined,
): options is EncodedReadOptions {
  return options !== undefined && "encoded" in options && options.encoded;
}
