/** What a walk reads: nodes where they are near, everything else where it is true. */
import type {
  EncodedEntry,
  EncodedReadOptions,
  EntryMeta,
  KeyEntry,
  KeysOptions,
  ReadableStore,
  ReadOptions,
  Walker,
} from "@datahike-sync/core";
import { type Edn, equals, identity } from "@datahike-sync/edn";

export class WalkView implements ReadableStore {
  readonly #near: ReadableStore;
  readonly #far: ReadableStore;
  readonly #walker: Walker;
  /** As they were read, by identity. */
  readonly #pointers = new Map<string, { readonly key: Edn; readonly value: Edn }>();

  constructor(near: ReadableStore, far: ReadableStore, walker: Walker) {
    this.#near = near;
    this.#far = far;
    this.#walker = walker;
  }

  /** Whether the keys of nodes are used again, so that having one says nothing. */
  get recycles(): boolean {
    return [...this.#pointers.values()].some(({ value }) => this.#walker.recycles(value));
  }

  /** Whether a pointer is no longer what the walk has read. */
  async haveMoved(): Promise<boolean> {
    const pointers = [...this.#pointers.values()];
    const values = await this.#far.getMany(pointers.map(({ key }) => key));
    return pointers.some(({ value }, at) => {
      const now = values[at];
      return now === undefined || !equals(now, value);
    });
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  async get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    if (isForEncoded(options)) return this.#far.get(key, options);
    return (await this.getMany([key], options))[0];
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  async getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    if (isForEncoded(options)) return this.#far.getMany(keys, options);
    if (!this.#isNear(keys)) return this.#readFar(keys, options);
    const values = await this.#near.getMany(keys, options);
    const missing = keys.filter((_, at) => values[at] === undefined);
    if (missing.length === 0) return values;
    const rest = (await this.#readFar(missing, options)).values();
    return values.map((value) => (value === undefined ? rest.next().value : value));
  }

  getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    return this.#far.getMeta(key, options);
  }

  async has(key: Edn, options?: ReadOptions): Promise<boolean> {
    if (this.#isNear([key]) && (await this.#near.has(key, options))) return true;
    return this.#far.has(key, options);
  }

  keys(options?: KeysOptions): AsyncIterableIterator<KeyEntry> {
    return this.#far.keys(options);
  }

  /** It holds nothing: both stores are somebody else's. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Pointers are read together, and not near: there they may be of another time. */
  #isNear(keys: readonly Edn[]): boolean {
    return !this.recycles && keys.every((key) => this.#walker.classify(key) === "node");
  }

  async #readFar(
    keys: readonly Edn[],
    options: ReadOptions | undefined,
  ): Promise<(Edn | undefined)[]> {
    const values = await this.#far.getMany(keys, options);
    for (const [at, key] of keys.entries()) {
      const value = values[at];
      if (value === undefined || this.#walker.classify(key) !== "pointer") continue;
      this.#pointers.set(identity(key), { key, value });
    }
    return values;
  }
}

function isForEncoded(
  options: ReadOptions | EncodedReadOptions | undefined,
): options is EncodedReadOptions {
  return options !== undefined && "encoded" in options && options.encoded;
}
