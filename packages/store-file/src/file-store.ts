/** A konserve folder as a store, for reading. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type Codec,
  type EncodedEntry,
  type EncodedReadOptions,
  type EntryMeta,
  isSyncError,
  type KeyEntry,
  type KeysOptions,
  type ReadableStore,
  type ReadOptions,
  SyncError,
} from "@datahike-sync/core";
import { type Edn, equals } from "@datahike-sync/edn";
import { uuid } from "@datahike-sync/hasch";
import { type FileBytes, readFileBytes } from "./file-bytes.ts";
import { Format } from "./format.ts";
import { inOrder, Work } from "./work.ts";

export interface FileStoreOptions {
  /** The folder. */
  readonly path: string;
  /**
   * Reads the entries. A folder of mixed files needs several, of which each reads those that name its
   * serializer: `"fressian"` konserve's 1, `"cbor"` 2 and 3, `"edn"` 0.
   */
  readonly codec: Codec | readonly Codec[];
  /** Nothing is ever written to the folder. There is no other mode yet. */
  readonly readOnly: true;
  /** The `:key` of konserve's `:encryptor`. Needed for entries that are encrypted. */
  readonly encryptionKey?: Edn | undefined;
  /**
   * The longest file that a value is read from, and the longest value or metadata that one expands
   * to, in bytes. Default 64 MiB.
   */
  readonly maxValueBytes?: number | undefined;
}

/** What holds unless options say otherwise. */
export const FILE_STORE_DEFAULTS: { readonly maxValueBytes: number } = {
  maxValueBytes: 64 * 2 ** 20,
};

/**
 * The entries of a konserve folder, one file each. Every read goes to the folder, so it sees what
 * another process writes there meanwhile.
 */
export class FileStore implements ReadableStore {
  readonly #path: string;
  readonly #format: Format;
  readonly #maxValueBytes: number;
  readonly #work = new Work(MAX_OPEN_FILES);

  private constructor(path: string, format: Format, maxValueBytes: number) {
    this.#path = path;
    this.#format = format;
    this.#maxValueBytes = maxValueBytes;
  }

  /**
   * Reads nothing but whether there is such a folder.
   *
   * @throws {SyncError} `STORE_NOT_FOUND`.
   * @throws {RangeError} for a codec that is none of konserve's.
   */
  static async open(options: FileStoreOptions): Promise<FileStore> {
    const { path, codec, encryptionKey } = options;
    const maxValueBytes = options.maxValueBytes ?? FILE_STORE_DEFAULTS.maxValueBytes;
    const codecs = "decode" in codec ? [codec] : codec;
    const format = new Format({ codecs, encryptionKey, maxValueBytes });
    const found = await stat(path).catch((cause: unknown) => {
      throw notFound(path, cause);
    });
    if (!found.isDirectory()) throw notFound(path);
    return new FileStore(path, format, maxValueBytes);
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  async get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    const entry = await this.#entry(key, options?.signal);
    if (entry === undefined) return undefined;
    const asKept = options !== undefined && "encoded" in options && options.encoded;
    return asKept ? entry : entry.value.decode();
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  async getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    this.#work.check(options?.signal);
    const values: (Edn | EncodedEntry | undefined)[] = [];
    const read = (key: Edn) => this.get(key, options);
    for await (const value of inOrder(keys, MAX_OPEN_FILES, read)) values.push(value);
    return values;
  }

  async getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    const found = await this.#find(key, "meta", options?.signal);
    return found?.meta;
  }

  async has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return (await this.getMeta(key, options)) !== undefined;
  }

  /**
   * Reads the metadata of every file, and no values. Elements of append logs have no key of their own
   * and are left out; the log itself is there.
   */
  async *keys(options: KeysOptions = {}): AsyncGenerator<KeyEntry, undefined> {
    const { signal, onUnreadable } = options;
    const names = await this.#work.run(() => this.#list(), signal);
    const read = (name: string) => this.#work.run(() => this.#keyEntry(name), signal);
    for await (const entry of inOrder(names, MAX_OPEN_FILES, read)) {
      this.#work.check(signal);
      if (!(entry instanceof Error)) {
        if (entry !== undefined) yield entry;
      } else if (onUnreadable === undefined) {
        throw entry;
      } else {
        onUnreadable(entry, entry.details);
      }
    }
  }

  close(): Promise<void> {
    return this.#work.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #entry(key: Edn, signal: AbortSignal | undefined): Promise<EncodedEntry | undefined> {
    const found = await this.#find(key, "all", signal);
    if (found === undefined) return undefined;
    const { name, file, meta } = found;
    const value = readable(name, () => this.#format.value(file, meta.type));
    const decode = () => readable(name, () => value.decode());
    return { key, ...meta, value: { codec: value.codec, bytes: value.bytes, decode } };
  }

  async #find(key: Edn, part: "meta" | "all", signal: AbortSignal | undefined) {
    this.#work.check(signal);
    const name = fileName(key);
    const file = await this.#work.run(() => this.#read(name, part), signal);
    signal?.throwIfAborted();
    if (file === undefined) return undefined;
    const { named, log, meta } = readable(name, () => this.#format.meta(file));
    // The elements of an append log name the log's key, whatever their own.
    if (log || equals(named, key)) return { name, file, meta };
    if (readable(name, () => fileName(named)) !== name) throw misnamed(name);
    throw new SyncError("KEY_COLLISION", "another key has the same file name", {
      details: { file: name },
    });
  }

  async #read(name: string, part: "meta" | "all"): Promise<FileBytes | undefined> {
    try {
      return await readFileBytes(join(this.#path, name), part, this.#maxValueBytes);
    } catch (cause) {
      throw unreadable(name, cause);
    }
  }

  async #list(): Promise<Set<string>> {
    const names = await readdir(this.#path).catch((cause: unknown) => {
      throw notFound(this.#path, cause);
    });
    // A set: some file systems list a file twice that is renamed meanwhile.
    return new Set(names.filter((name) => ENTRY_FILE.test(name)));
  }

  /** The error that says that it is unreadable, if it is; nothing where a file holds no entry. */
  async #keyEntry(name: string): Promise<KeyEntry | SyncError | undefined> {
    try {
      const file = await this.#read(name, "meta");
      if (file === undefined) return undefined;
      const { named, log, meta } = readable(name, () => this.#format.meta(file));
      if (readable(name, () => fileName(named)) === name) return { key: named, ...meta };
      return log ? undefined : misnamed(name);
    } catch (error) {
      if (isSyncError(error, "ENTRY_UNREADABLE")) return error;
      throw error;
    }
  }
}

/** Files open at a time. Node reads four at once; a few more keep them busy. */
const MAX_OPEN_FILES = 16;

/** What else there may be is being written (`.new`, `.backup`, `.lock`) or is none of konserve's. */
const ENTRY_FILE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.ksv$/;

function fileName(key: Edn): string {
  return `${uuid(key).toString()}.ksv`;
}

function readable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function unreadable(name: string, cause: unknown): SyncError {
  const reason = cause instanceof Error ? cause.message : "unknown";
  return new SyncError("ENTRY_UNREADABLE", `${name} cannot be read: ${reason}`, {
    details: { ...(isSyncError(cause) ? cause.details : {}), file: name },
    cause,
  });
}

function misnamed(name: string): SyncError {
  return unreadable(
    name,
    new SyncError("CODEC_INVALID", "its metadata has the key of another file"),
  );
}

function notFound(path: string, cause?: unknown): SyncError {
  return new SyncError("STORE_NOT_FOUND", "there is no such folder", { details: { path }, cause });
}
