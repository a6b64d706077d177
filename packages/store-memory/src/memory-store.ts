/** A store in memory: the whole contract of a store, and the reference for every other. */
import {
  binary,
  type Codec,
  type Encoded,
  type EncodedEntry,
  type EncodedReadOptions,
  type EntryMeta,
  encoded,
  isEncoded,
  type KeyEntry,
  type KeysOptions,
  type Operation,
  type ReadOptions,
  type SetOperation,
  type Store,
  SyncError,
} from "@datahike-sync/core";
import { type Edn, equals, identity, snapshot } from "@datahike-sync/edn";

export interface MemoryStoreOptions {
  /** Encodes values for readers that ask for them encoded. Default none: those that came so only. */
  readonly codec?: Codec | undefined;
}

/**
 * A {@link Store} whose entries live as long as it does. Values that came encoded stay so until they
 * are read. A commit is applied at once, so nobody sees half of it; setting an immutable key to an
 * equal value changes nothing.
 */
export class MemoryStore implements Store {
  /** By the identity of the key. A cell is never changed, only replaced. */
  readonly #cells = new Map<string, Cell>();
  readonly #codec: Codec | undefined;
  #lastWrite = 0;
  #closed = false;

  private constructor(options: MemoryStoreOptions) {
    this.#codec = options.codec;
  }

  /** An empty store. Waits for nothing; a promise so that all stores open alike. */
  static open(options: MemoryStoreOptions = {}): Promise<MemoryStore> {
    return Promise.resolve(new MemoryStore(options));
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  async get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    return this.#read(key, options);
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  async getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    this.#check(options?.signal);
    return keys.map((key) => this.#read(key, options));
  }

  async getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    const cell = this.#find(key, options);
    return cell === undefined ? undefined : metaOf(cell);
  }

  async has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return this.#find(key, options) !== undefined;
  }

  set(
    key: Edn,
    value: Edn,
    options: Omit<SetOperation, "op" | "key" | "value"> = {},
  ): Promise<void> {
    return this.write([{ ...options, op: "set", key, value }]);
  }

  async write(operations: readonly Operation[]): Promise<void> {
    this.#check();
    const now = Math.max(Date.now(), this.#lastWrite);
    const staged = new Map<string, Cell | undefined>();
    for (const operation of operations) {
      const id = identity(operation.key);
      const known = staged.has(id) ? staged.get(id) : this.#cells.get(id);
      staged.set(id, operation.op === "delete" ? undefined : replacement(operation, known, now));
    }
    this.#lastWrite = now;
    for (const [id, cell] of staged) {
      if (cell === undefined) this.#cells.delete(id);
      else this.#cells.set(id, cell);
    }
  }

  async *keys(options: KeysOptions = {}): AsyncGenerator<KeyEntry, undefined> {
    this.#check(options.signal);
    // Fixed at the start: a key that is deleted and set again meanwhile must not come twice.
    for (const id of Array.from(this.#cells.keys())) {
      this.#check(options.signal);
      const cell = this.#cells.get(id);
      if (cell !== undefined) yield entryOf(cell);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cells.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #read(key: Edn, options?: ReadOptions | EncodedReadOptions): Edn | EncodedEntry | undefined {
    const cell = this.#find(key, options);
    if (cell === undefined) return undefined;
    const asKept = options !== undefined && "encoded" in options && options.encoded;
    return asKept ? { ...entryOf(cell), value: this.#encode(cell) } : valueOf(cell);
  }

  #find(key: Edn, options?: ReadOptions): Cell | undefined {
    this.#check(options?.signal);
    return this.#cells.get(identity(key));
  }

  #check(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (this.#closed) throw new SyncError("STORE_CLOSED", "the store was closed");
  }

  #encode(cell: Cell): Encoded {
    if (isEncoded(cell.value)) return cell.value;
    if (this.#codec === undefined) {
      throw new TypeError(
        "this value did not come encoded, and the store was opened without a codec",
      );
    }
    return encoded(this.#codec, this.#codec.encode(cell.value));
  }
}

interface Cell extends KeyEntry {
  readonly value: Edn | Encoded;
}

function replacement(operation: SetOperation, known: Cell | undefined, now: number): Cell {
  const { key, type = "edn", lastWrite = now, immutable = false } = operation;
  const value = kept(operation.value, type);
  if (known?.immutable) {
    if (known.type === type && sameValue(known.value, value)) return known;
    throw new SyncError("IMMUTABLE_CHANGED", "an immutable key was given another value");
  }
  return { key: snapshot(key), value, type, lastWrite, immutable };
}

/** The value as the store keeps it, so that nothing the writer does later can change it. */
function kept(value: Edn | Encoded, type: EntryMeta["type"]): Edn | Encoded {
  if (type === "edn") {
    if (!isEncoded(value)) return snapshot(value);
    if (value.codec !== "binary") return value;
    throw new TypeError('binary bytes are set with type "binary"');
  }
  if (value instanceof Uint8Array) return binary(new Uint8Array(value));
  if (isEncoded(value) && value.codec === "binary") return value;
  throw new TypeError('a value of type "binary" is a Uint8Array');
}

function sameValue(a: Edn | Encoded, b: Edn | Encoded): boolean {
  return equals(isEncoded(a) ? a.decode() : a, isEncoded(b) ? b.decode() : b);
}

/** Bytes and dates are copies: the reader may change them. */
function valueOf(cell: Cell): Edn {
  return snapshot(isEncoded(cell.value) ? cell.value.decode() : cell.value);
}

function entryOf(cell: Cell): KeyEntry {
  return { key: snapshot(cell.key), ...metaOf(cell) };
}

function metaOf({ type, lastWrite, immutable, origin }: Cell): EntryMeta {
  return origin === undefined
    ? { type, lastWrite, immutable }
    : { type, lastWrite, immutable, origin };
}
