/** A konserve folder as a store. */
import { randomBytes } from "node:crypto";
import {
  type Capabilities,
  type Changes,
  type Commit,
  type Encoded,
  type EncodedEntry,
  type EncodedReadOptions,
  type EntryMeta,
  type Era,
  type FeedState,
  type KeyEntry,
  type KeysOptions,
  type Operation,
  type ReadOptions,
  type SetOperation,
  type Stage,
  type Standing,
  type Store,
  SyncError,
  type WriteOptions,
  type WriteResult,
} from "@datahike-sync/core";
import { Listeners, Pins } from "@datahike-sync/core/store-parts";
import { type Edn, snapshot, type Uuid } from "@datahike-sync/edn";
import { besideOf, makeFolders } from "./beside.ts";
import { toChange, toDelete, toSet } from "./change.ts";
import type { Write } from "./commits.ts";
import { checkCompression } from "./compression.ts";
import type { Disk } from "./disk.ts";
import { diskFailure } from "./disk-failure.ts";
import { FileStage } from "./file-stage.ts";
import { FILE_STORE_DEFAULTS, type FileStoreOptions } from "./file-store-options.ts";
import { Folder } from "./folder.ts";
import { Format } from "./format.ts";
import { Gate } from "./gate.ts";
import { NODE_DISK } from "./node-disk.ts";
import { Opener } from "./opener.ts";
import { Standings } from "./standings.ts";
import { FILES_AT_ONCE, inOrder, Work } from "./work.ts";

/**
 * The entries of a konserve folder, one file each. Every read goes to the folder, so it sees what
 * another process writes there meanwhile.
 */
export class FileStore implements Store {
  readonly capabilities: Capabilities;
  readonly #parts: StoreParts;
  readonly #pins: Pins = new Pins();
  #ended: Promise<void> | undefined;

  protected constructor(parts: StoreParts) {
    this.#parts = parts;
    this.capabilities = Object.freeze({
      atomic: "commit",
      feed: false,
      shared: false,
      durable: "commit",
      standings: parts.opener !== undefined,
    });
  }

  /**
   * Opens a folder for writing, or with `readOnly` for reading. What a process that was killed has left
   * of a commit is finished first; how long that takes depends on that commit alone.
   *
   * @throws {SyncError} `STORE_LOCKED` when another process, or this one, has it open for writing;
   * `STORE_NOT_FOUND` when there is nothing to read; `STORE_UNAVAILABLE` when the folder and the one
   * beside it are not on one file system; `CODEC_UNSUPPORTED` when this Node cannot compress so.
   * @throws {RangeError} for a codec that is none of konserve's, or none at all to write with.
   */
  static open(options: FileStoreOptions): Promise<FileStore> {
    return FileStore.openOn(NODE_DISK, options);
  }

  /** As {@link FileStore.open}, on another file system. */
  protected static async openOn(disk: Disk, options: FileStoreOptions): Promise<FileStore> {
    try {
      return await FileStore.#open(disk, options);
    } catch (cause) {
      throw diskFailure(cause);
    }
  }

  static async #open(disk: Disk, options: FileStoreOptions): Promise<FileStore> {
    const { codec, encryptionKey, readOnly = false, compression = "none" } = options;
    const maxValueBytes = options.maxValueBytes ?? FILE_STORE_DEFAULTS.maxValueBytes;
    const codecs = "decode" in codec ? [codec] : codec;
    const format = new Format({ codecs, compression, encryptionKey, maxValueBytes });
    if (!readOnly && codecs.length === 0) throw new RangeError("a codec is needed to write with");
    if (!readOnly) checkCompression(compression);
    const path = readOnly ? options.path : await makeFolders(disk, options.path);
    const folder = new Folder({ disk, path, format, maxValueBytes });
    await folder.check();
    const standings = new Standings({ disk, beside: besideOf(path), format, maxValueBytes });
    const work = new Work(FILES_AT_ONCE);
    const listeners = new Listeners<Commit>();
    const gate = new Gate();
    const era = randomBytes(16).toString("hex");
    const parts = { folder, format, standings, gate, work, listeners };
    if (readOnly) return new FileStore({ ...parts, era: { id: era, after: 0 }, opener: undefined });
    const now = options.now ?? Date.now;
    const onCommit = (commit: Commit) => listeners.tell(commit);
    const opener = await Opener.open({ ...parts, disk, path, now, era, onCommit });
    return new FileStore({ ...parts, era: { id: era, after: opener.commits.last }, opener });
  }

  get(key: Edn, options?: ReadOptions): Promise<Edn | undefined>;
  get(key: Edn, options: EncodedReadOptions): Promise<EncodedEntry | undefined>;
  async get(
    key: Edn,
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<Edn | EncodedEntry | undefined> {
    const [entry] = await this.#entries([key], options?.signal);
    return isForEncoded(options) ? entry : entry?.value.decode();
  }

  getMany(keys: readonly Edn[], options?: ReadOptions): Promise<(Edn | undefined)[]>;
  getMany(keys: readonly Edn[], options: EncodedReadOptions): Promise<(EncodedEntry | undefined)[]>;
  /** All of one moment as far as this store writes them; what another process does is seen as it comes. */
  async getMany(
    keys: readonly Edn[],
    options?: ReadOptions | EncodedReadOptions,
  ): Promise<(Edn | EncodedEntry | undefined)[]> {
    const entries = await this.#entries(keys, options?.signal);
    return isForEncoded(options) ? entries : entries.map((entry) => entry?.value.decode());
  }

  async readMany(keys: readonly Edn[]): Promise<{
    readonly entries: readonly (EncodedEntry | undefined)[];
    readonly last: number;
  }> {
    const { work, gate } = this.#parts;
    return work.accept(() =>
      gate.read(async () => ({ entries: await this.#readAll(keys), last: this.#last })),
    );
  }

  async getMeta(key: Edn, options?: ReadOptions): Promise<EntryMeta | undefined> {
    const { folder } = this.#parts;
    const signal = options?.signal;
    const meta = await this.#read(() => folder.meta(key), signal);
    signal?.throwIfAborted();
    return meta;
  }

  async has(key: Edn, options?: ReadOptions): Promise<boolean> {
    return (await this.getMeta(key, options)) !== undefined;
  }

  /**
   * Reads the metadata of every file, and no values. Elements of append logs have no key of their own
   * and are left out; the log itself is there.
   */
  async *keys(options: KeysOptions = {}): AsyncGenerator<KeyEntry, undefined> {
    const { folder, work } = this.#parts;
    const { signal, onUnreadable } = options;
    const names = await work.run(() => folder.names(), signal);
    const read = (name: string) => this.#read(() => folder.keyEntry(name), signal);
    for await (const entry of inOrder(names, FILES_AT_ONCE, read)) {
      work.check(signal);
      if (!(entry instanceof Error)) {
        if (entry !== undefined) yield entry;
      } else if (onUnreadable === undefined) {
        throw entry;
      } else {
        onUnreadable(entry, entry.details);
      }
    }
  }

  async set(
    key: Edn,
    value: Edn | Encoded,
    options: Omit<SetOperation, "op" | "key" | "value"> = {},
  ): Promise<WriteResult> {
    return this.#write(() => ({ changes: [toSet(key, value, options, this.#parts.format)] }));
  }

  async delete(key: Edn): Promise<boolean> {
    const { cursor } = await this.#write(() => ({ changes: [toDelete(key)] }));
    return cursor !== undefined;
  }

  async update(
    key: Edn,
    change: (value: Edn | undefined) => Edn | undefined,
  ): Promise<Edn | undefined> {
    let changed: Edn | undefined;
    await this.#write(() => {
      const removal = toDelete(key);
      const decide = (kept: Encoded | undefined) => {
        const result = change(kept?.decode());
        changed = result === undefined ? undefined : snapshot(result);
        if (changed === undefined) return [removal];
        const isBinary = changed instanceof Uint8Array && kept?.codec === "binary";
        const type = isBinary ? "binary" : "edn";
        return [toSet(removal.key, changed, { type }, this.#parts.format)];
      };
      return { changes: { name: removal.name, key: removal.key, decide } };
    });
    return changed;
  }

  async write(
    operations: readonly Operation[],
    { standing }: WriteOptions = {},
  ): Promise<WriteResult> {
    const { format } = this.#parts;
    return this.#write(() => {
      return { changes: operations.map((operation) => toChange(operation, format)), standing };
    });
  }

  /** Rejects: there is no feed. */
  async changes(): Promise<Changes> {
    this.#parts.work.check();
    throw new TypeError("a konserve folder has no feed");
  }

  /** An era of this opener's own, and a floor at the last commit: nothing is kept of any. */
  async feed(): Promise<FeedState> {
    const { work, era } = this.#parts;
    work.check();
    return { eras: [era], last: this.#last, floor: this.#last };
  }

  async standing(storeId: Uuid): Promise<Standing | undefined> {
    const { work, gate, standings } = this.#parts;
    return work.accept(() => gate.read(() => standings.read(storeId)));
  }

  /** @throws {SyncError} `STORE_READ_ONLY` where nothing is written. */
  stage(storeId: Uuid): Stage {
    return new FileStage(storeId, this.#writing, this.#parts.work);
  }

  onCommit(listener: (commit: Commit) => void): () => void {
    return this.#parts.listeners.add(listener);
  }

  pin(keys: Iterable<Edn>): () => void {
    return this.#pins.add(keys);
  }

  isPinned(key: Edn): boolean {
    return this.#pins.has(key);
  }

  /** Resolves at once: nothing is kept of what was deleted. */
  async compact(): Promise<void> {
    this.#parts.work.check();
  }

  /** When it rejects the lock may be held still: then it can be called again. */
  close(): Promise<void> {
    this.#ended ??= this.#close();
    return this.#ended;
  }

  async destroy(): Promise<void> {
    const { work } = this.#parts;
    work.check();
    const opener = this.#writing;
    await opener.checkLock();
    this.#ended ??= work.close().then(() => opener.destroy());
    return this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { work, opener } = this.#parts;
    await work.close();
    try {
      await opener?.close();
    } catch (error) {
      this.#ended = undefined;
      throw error;
    }
  }

  get #last(): number {
    return this.#parts.opener?.commits.last ?? 0;
  }

  get #writing(): Opener {
    const { opener } = this.#parts;
    if (opener !== undefined) return opener;
    throw new SyncError("STORE_READ_ONLY", "the store was opened for reading");
  }

  #write(prepare: () => Write): Promise<WriteResult> {
    const { work } = this.#parts;
    return work.accept(() => this.#writing.commits.write(prepare()));
  }

  /** The result of one read, which sees no half of a commit. */
  #read<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { gate, work } = this.#parts;
    return work.accept(() => gate.read(() => work.turn(job, signal)), signal);
  }

  #entries(keys: readonly Edn[], signal?: AbortSignal): Promise<(EncodedEntry | undefined)[]> {
    const { gate, work } = this.#parts;
    return work.accept(() => gate.read(() => this.#readAll(keys, signal)), signal);
  }

  /** Within one read: each file has its turn, and no commit comes between. */
  async #readAll(
    keys: readonly Edn[],
    signal?: AbortSignal,
  ): Promise<(EncodedEntry | undefined)[]> {
    const { folder, work } = this.#parts;
    const entries: (EncodedEntry | undefined)[] = [];
    const read = (key: Edn) => work.turn(() => folder.entry(key), signal);
    for await (const entry of inOrder(keys, FILES_AT_ONCE, read)) entries.push(entry);
    signal?.throwIfAborted();
    return entries;
  }
}

interface StoreParts {
  readonly folder: Folder;
  readonly format: Format;
  readonly standings: Standings;
  readonly gate: Gate;
  readonly work: Work;
  readonly listeners: Listeners<Commit>;
  /** The only one that this opener knows. */
  readonly era: Era;
  /** Absent where nothing is ever written. */
  readonly opener: Opener | undefined;
}

function isForEncoded(options: ReadOptions | EncodedReadOptions | undefined): boolean {
  return options !== undefined && "encoded" in options && options.encoded;
}
