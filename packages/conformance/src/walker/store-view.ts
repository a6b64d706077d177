/** A store seen through changes that it does not have: entries hidden, pointers at another time. */
import type {
  EncodedEntry,
  EncodedReadOptions,
  EntryMeta,
  KeyEntry,
  KeysOptions,
  ReadableStore,
  ReadOptions,
} from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";

export interface StoreChanges {
  /** Tells that an entry is not there. */
  readonly isHidden?: ((key: Edn) => boolean) | undefined;
  /** Gives another value in place of an entry's own. Called once for each reading. */
  readonly replace?: ((key: Edn, value: Edn | undefined) => Edn | undefined) | undefined;
  /** Told of each value that is read. */
  readonly onRead?: ((key: Edn) => void) | undefined;
  /** Makes some answers come later than those that were asked for after them. */
  readonly isUneven?: boolean | undefined;
}

export class StoreView implements ReadableStore {
  readonly #store: ReadableStore;
  readonly #changes: StoreChanges;
  #reads = 0;

  constructor(store: ReadableStore, changes: StoreChanges) {
    this.#store = store;
    this.#changes = changes;
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  async get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    if (isEncodedRead(options)) throw new TypeError("a walker reads values, not their bytes");
    this.#changes.onRead?.(key);
    await this.#pause();
    return this.#answer(key, await this.#store.get(key, options));
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  async getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    if (isEncodedRead(options)) throw new TypeError("a walker reads values, not their bytes");
    for (const key of keys) this.#changes.onRead?.(key);
    await this.#pause();
    const values = await this.#store.getMany(keys, options);
    return keys.map((key, i) => this.#answer(key, values[i]));
  }

  async getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    await this.#pause();
    if (this.#changes.isHidden?.(key)) return undefined;
    return (await this.#store.getMeta(key, options)) ?? UNKNOWN;
  }

  async has(key: Edn, options?: ReadOptions): Promise<boolean> {
    await this.#pause();
    return !this.#changes.isHidden?.(key) && (await this.#store.has(key, options));
  }

  async *keys(options?: KeysOptions): AsyncGenerator<KeyEntry> {
    for await (const entry of this.#store.keys(options)) {
      if (!this.#changes.isHidden?.(entry.key)) yield entry;
    }
  }

  /** The store belongs to whoever made the view. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #answer(key: Edn, value: Edn | undefined): Edn | undefined {
    if (this.#changes.isHidden?.(key)) return undefined;
    return this.#changes.replace === undefined ? value : this.#changes.replace(key, value);
  }

  async #pause(): Promise<void> {
    if (!this.#changes.isUneven) return;
    for (let waits = (this.#reads++ * 7) % 5; waits > 0; waits--) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
  }
}

/** Keys by their identities. */
export function identities(keys: Iterable<Edn>): Set<string> {
  return new Set(Array.from(keys, identity));
}

/** What is known of a pointer that the store does not have now. */
const UNKNOWN: EntryMeta = { type: "edn", lastWrite: 0, immutable: false };

function isEncodedRead(options: ReadOptions | EncodedReadOptions | undefined): boolean {
  return options !== undefined && "encoded" in options;
}
