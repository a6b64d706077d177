/** The store author's page: what a store promises. */
import type { Edn, ErrorDetails, Uuid } from "@datahike-sync/edn";
import type { Encoded } from "./codec.ts";

/** What is known of an entry without reading its value. */
export interface EntryMeta {
  /** `"binary"` values are a `Uint8Array` and are kept as they are, without a codec. */
  readonly type: "edn" | "binary";
  /** Milliseconds since the epoch, by the clock of the store that wrote it. Only for people. */
  readonly lastWrite: number;
  /** Whether this key never gets another value. */
  readonly immutable: boolean;
  /** The id of the store whose subscription brought the entry; absent for local ones. */
  readonly origin?: Uuid | undefined;
}

/** A key with its metadata. */
export interface KeyEntry extends EntryMeta {
  readonly key: Edn;
}

/** A key with its value and metadata. */
export interface Entry extends KeyEntry {
  readonly value: Edn;
}

/** An entry as it is kept, to be passed on or decoded later. */
export interface EncodedEntry extends KeyEntry {
  /** With `type: "binary"` its codec is `"binary"` and its bytes are the value. */
  readonly value: Encoded;
}

/** One change of a commit. */
export type Operation = SetOperation | DeleteOperation;

export interface SetOperation {
  readonly op: "set";
  readonly key: Edn;
  /** With `type: "binary"` a `Uint8Array`. */
  readonly value: Edn | Encoded;
  /** Default `"edn"`. */
  readonly type?: EntryMeta["type"] | undefined;
  /** Default: now, by the store's own clock. */
  readonly lastWrite?: number | undefined;
  /** Default false. Other bytes under an immutable key are refused with `IMMUTABLE_CHANGED`. */
  readonly immutable?: boolean | undefined;
}

export interface DeleteOperation {
  readonly op: "delete";
  readonly key: Edn;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface EncodedReadOptions extends ReadOptions {
  /** Gives entries as they are kept, undecoded and with their metadata. */
  readonly encoded: true;
}

export interface KeysOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Told of every entry that cannot be read; the iteration goes on with the next. Without it the
   * first such entry ends the iteration with its error.
   */
  readonly onUnreadable?: ((error: Error, details: ErrorDetails) => void) | undefined;
}

/** What a store can be read for. Walkers, readers and views need no more than this. */
export interface ReadableStore extends AsyncDisposable {
  /**
   * The value, or `undefined` where there is none. Values are frozen and may be shared; bytes and
   * dates are copies and belong to the caller.
   */
  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  /** The values in the order asked for, `undefined` where there is none; one read where it can be. */
  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  /** What is known of an entry without reading its value. */
  getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined>;
  has(key: Edn, options?: ReadOptions): Promise<boolean>;
  /** Each key that was there throughout, once, in no promised order. */
  keys(options?: KeysOptions): AsyncIterableIterator<KeyEntry>;
  /**
   * Waits for work under way and frees what the store holds. May be called again. Every other
   * method rejects with `STORE_CLOSED` from now on.
   */
  close(): Promise<void>;
}

/** A key-value store of EDN values. */
export interface Store extends ReadableStore {
  /** A commit of one set. */
  set(key: Edn, value: Edn, options?: Omit<SetOperation, "op" | "key" | "value">): Promise<void>;
  /**
   * Applies the operations in order, all or none. Resolves when they are durable.
   *
   * @throws {SyncError} `IMMUTABLE_CHANGED`, `STORE_CLOSED`, `STORE_READ_ONLY`.
   */
  write(operations: readonly Operation[]): Promise<void>;
}
