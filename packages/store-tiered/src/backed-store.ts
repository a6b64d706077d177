/** A store whose truth is its backend, and whose frontend makes it fast. */
import type {
  Capabilities,
  Changes,
  ChangesOptions,
  Commit,
  Encoded,
  EncodedEntry,
  EncodedReadOptions,
  EntryMeta,
  FeedPosition,
  FeedState,
  KeyEntry,
  KeysOptions,
  Operation,
  ReadOptions,
  SetOperation,
  Stage,
  Standing,
  Store,
  WriteOptions,
  WriteResult,
} from "@datahike-sync/core";
import type { Edn, Uuid } from "@datahike-sync/edn";
import type { Follower } from "./follower.ts";
import { Life } from "./life.ts";
import { TierReader } from "./tier-reader.ts";
import type { TieredStore } from "./tiered-store.ts";
import {
  followerTarget,
  type WalkSyncOptions,
  type WalkSyncProgress,
  walkInto,
} from "./walk-sync.ts";
import type { WriteBehind } from "./write-behind.ts";

export interface BackedStoreOptions {
  readonly frontend: Store;
  readonly backend: Store;
  readonly follower: Follower;
  /** Where writes do not wait for the backend. */
  readonly behind: WriteBehind | undefined;
}

export class BackedStore implements TieredStore {
  readonly capabilities: Capabilities;
  readonly #frontend: Store;
  readonly #backend: Store;
  readonly #follower: Follower;
  readonly #behind: WriteBehind | undefined;
  readonly #life = new Life();
  readonly #reader: TierReader;
  #ended: Promise<void> | undefined;

  constructor({ frontend, backend, follower, behind }: BackedStoreOptions) {
    this.#frontend = frontend;
    this.#backend = backend;
    this.#follower = follower;
    this.#behind = behind;
    this.#reader = new TierReader({ frontend, backend, follower, behind, life: this.#life });
    const { capabilities } = backend;
    this.capabilities = Object.freeze({
      ...capabilities,
      durable: behind === undefined ? capabilities.durable : "barrier",
    });
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    if (isForEncoded(options)) return this.#ask(() => this.#backend.get(key, options), options);
    if (options?.signal === undefined) return this.#reader.get(key);
    return this.#life.run(() => this.#reader.get(key), options.signal);
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    if (isForEncoded(options))
      return this.#ask(() => this.#backend.getMany(keys, options), options);
    return this.#life.run(() => this.#reader.getMany(keys), options?.signal);
  }

  readMany(keys: readonly Edn[]): ReturnType<Store["readMany"]> {
    return this.#askDated(() => this.#backend.readMany(keys));
  }

  getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    return this.#ask(() => this.#backend.getMeta(key, options), options);
  }

  has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return this.#ask(() => this.#backend.has(key, options), options);
  }

  async *keys(options: KeysOptions = {}): AsyncGenerator<KeyEntry, undefined> {
    const { signal } = options;
    const entries = await this.#ask(async () => this.#backend.keys(options), options);
    for (;;) {
      const { done, value } = await this.#life.run(() => entries.next(), signal);
      this.#follower.watch.doubt();
      if (done === true) return;
      yield value;
    }
  }

  changes(after: FeedPosition, options?: ChangesOptions): Promise<Changes> {
    return this.#askDated(() => this.#backend.changes(after, options));
  }

  feed(): Promise<FeedState> {
    return this.#askDated(() => this.#backend.feed());
  }

  standing(storeId: Uuid): Promise<Standing | undefined> {
    return this.#ask(() => this.#backend.standing(storeId));
  }

  stage(storeId: Uuid): Stage {
    return this.#backend.stage(storeId);
  }

  onCommit(listener: (commit: Commit) => void): () => void {
    return this.#backend.onCommit(listener);
  }

  pin(keys: Iterable<Edn>): () => void {
    return this.#backend.pin(keys);
  }

  isPinned(key: Edn): boolean {
    return this.#backend.isPinned(key);
  }

  compact(seq?: number): Promise<void> {
    return this.#ask(() => this.#backend.compact(seq));
  }

  set(
    key: Edn,
    value: Edn | Encoded,
    options: Omit<SetOperation, "op" | "key" | "value"> = {},
  ): Promise<WriteResult> {
    return this.write([{ ...options, op: "set", key, value }]);
  }

  delete(key: Edn): Promise<boolean> {
    return this.#change(() => this.#backend.delete(key));
  }

  update(key: Edn, change: (value: Edn | undefined) => Edn | undefined): Promise<Edn | undefined> {
    return this.#change(() => this.#backend.update(key, change));
  }

  write(operations: readonly Operation[], options: WriteOptions = {}): Promise<WriteResult> {
    const behind = this.#behind;
    const { standing, barrier = false } = options;
    // Who moves a standing has to know whether it was the one that was expected.
    if (behind === undefined || standing !== undefined) {
      return this.#change(() => this.#backend.write(operations, options));
    }
    if (barrier) {
      return this.#settled(() => behind.barrier(() => this.#backend.write(operations, options)));
    }
    return this.#life.run(async () => {
      await behind.accept(operations, options);
      return { skipped: [] };
    });
  }

  flush(): Promise<void> {
    return this.#life.run(() => this.#flush());
  }

  walkSync(options: WalkSyncOptions): Promise<WalkSyncProgress> {
    const target = followerTarget(this, this.#backend, this.#follower);
    return this.#life.run(() => walkInto(target, options));
  }

  close(): Promise<void> {
    this.#ended ??= this.#end((store) => store.close());
    return this.#ended;
  }

  async destroy(): Promise<void> {
    this.#life.check();
    this.#ended ??= this.#end((store) => store.destroy());
    return this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A read of the backend that does not say as of when it is. */
  #ask<T>(read: () => Promise<T>, { signal }: ReadOptions = {}): Promise<T> {
    return this.#life.run(async () => {
      const result = await this.#afterWrites(read);
      this.#follower.watch.doubt();
      return result;
    }, signal);
  }

  /** A read of the backend that tells the last commit. */
  #askDated<T extends { readonly last: number }>(read: () => Promise<T>): Promise<T> {
    return this.#life.run(async () => {
      const { watch } = this.#follower;
      let begun = 0;
      const result = await this.#afterWrites(() => {
        begun = watch.begin();
        return read();
      });
      watch.note(result.last, begun);
      return result;
    });
  }

  /** A change that waits for the backend. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    return this.#settled(() => this.#afterWrites(change));
  }

  #settled<T>(change: () => Promise<T>): Promise<T> {
    return this.#life.run(async () => {
      const result = await change();
      // Or a frontend that is slower would fall behind for ever.
      await this.#follower.queue.settled();
      return result;
    });
  }

  #afterWrites<T>(job: () => Promise<T>): Promise<T> {
    return this.#behind === undefined ? job() : this.#behind.after(job);
  }

  async #flush(): Promise<void> {
    await this.#behind?.flush();
    await this.#backend.write([], { barrier: true });
    await this.#follower.queue.settled();
  }

  async #end(end: (store: Store) => Promise<void>): Promise<void> {
    await this.#life.close();
    const flushed = await Promise.allSettled([this.#behind?.flush()]);
    await this.#behind?.close();
    await this.#follower.close();
    const ended = await Promise.allSettled([end(this.#backend), end(this.#frontend)]);
    for (const one of [...flushed, ...ended]) if (one.status === "rejected") throw one.reason;
  }
}

function isForEncoded(
  options: ReadOptions | EncodedReadOptions | undefined,
): options is EncodedReadOptions {
  return options !== undefined && "encoded" in options && options.encoded;
}
