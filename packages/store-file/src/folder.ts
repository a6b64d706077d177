/** The entries of a konserve folder, as they are there now. */
import { join } from "node:path";
import { type EncodedEntry, type EntryMeta, isSyncError, type KeyEntry } from "@datahike-sync/core";
import { type Edn, equals, SyncError } from "@datahike-sync/edn";
import { type Disk, isMissing, isShortage } from "./disk.ts";
import { type FileBytes, readFileBytes } from "./file-bytes.ts";
import { collision, fileName, isEntryFile } from "./file-name.ts";
import type { FileMeta, Format } from "./format.ts";

export interface FolderOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly format: Format;
  readonly maxValueBytes: number;
}

export class Folder {
  readonly #options: FolderOptions;

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  /** @throws {SyncError} `STORE_NOT_FOUND`. */
  async check(): Promise<void> {
    const { disk, path } = this.#options;
    const found = await disk.stat(path).catch((cause: unknown) => {
      throw isMissing(cause) ? notFound(path, cause) : cause;
    });
    if (!found.isDirectory()) throw notFound(path);
  }

  /** The entry, whose value is decoded when that is asked for. @throws {SyncError} as {@link Folder.meta}. */
  async entry(key: Edn): Promise<EncodedEntry | undefined> {
    const name = fileName(key);
    const found = await this.#find(name, "all");
    if (found === undefined) return undefined;
    if (!isOf(key, name, found)) throw collision(name);
    return this.#toEntry(key, name, found);
  }

  /** @throws {SyncError} `ENTRY_UNREADABLE`, `KEY_COLLISION`; `CODEC_UNSUPPORTED` of hasch. */
  async meta(key: Edn): Promise<EntryMeta | undefined> {
    const name = fileName(key);
    const found = await this.#find(name, "meta");
    if (found !== undefined && !isOf(key, name, found)) throw collision(name);
    return found?.meta;
  }

  /** As {@link Folder.entry}, but what the file of a key holds may be another key's entry. */
  async entryFor(key: Edn, name: string): Promise<EncodedEntry | undefined> {
    const found = await this.#find(name, "all");
    return found && this.#toEntry(isOf(key, name, found) ? key : found.named, name, found);
  }

  /** As {@link Folder.entryFor}, without the value. */
  async metaFor(key: Edn, name: string): Promise<KeyEntry | undefined> {
    const found = await this.#find(name, "meta");
    return found && { key: isOf(key, name, found) ? key : found.named, ...found.meta };
  }

  /** The names of all entries' files. @throws {SyncError} `STORE_NOT_FOUND`. */
  async names(): Promise<Set<string>> {
    const { disk, path } = this.#options;
    const names = await disk.list(path).catch((cause: unknown) => {
      throw isMissing(cause) ? notFound(path, cause) : cause;
    });
    // A set: some file systems list a file twice that is renamed meanwhile.
    return new Set(names.filter(isEntryFile));
  }

  /** The error that says that it is unreadable, if it is; nothing where a file holds no entry. */
  async keyEntry(name: string): Promise<KeyEntry | SyncError | undefined> {
    try {
      const found = await this.#find(name, "meta");
      if (found === undefined) return undefined;
      if (isNamed(name, found)) return { key: found.named, ...found.meta };
      return found.log ? undefined : misnamed(name);
    } catch (error) {
      if (isSyncError(error, "ENTRY_UNREADABLE")) return error;
      throw error;
    }
  }

  async #find(name: string, part: "meta" | "all"): Promise<Found | undefined> {
    const file = await this.#read(name, part);
    return file && { file, ...readable(name, () => this.#options.format.meta(file)) };
  }

  #toEntry(key: Edn, name: string, { file, meta }: Found): EncodedEntry {
    const value = readable(name, () => this.#options.format.value(file, meta.type));
    const { codec, bytes } = value;
    const decode = () => readable(name, () => value.decode());
    return { key, ...meta, value: { codec, bytes, decode } };
  }

  async #read(name: string, part: "meta" | "all"): Promise<FileBytes | undefined> {
    const { disk, path, maxValueBytes } = this.#options;
    const bytes = await readNamed(disk, path, name, part, maxValueBytes);
    // Where the folder is gone, its entries are not deleted: a disk may have been unmounted.
    if (bytes === undefined) await this.check();
    return bytes;
  }
}

/** As {@link readFileBytes}, of a file in a folder. @throws {SyncError} `ENTRY_UNREADABLE`. */
export async function readNamed(
  disk: Disk,
  folder: string,
  name: string,
  part: "meta" | "all",
  maxBytes: number,
): Promise<FileBytes | undefined> {
  try {
    return await readFileBytes(disk, join(folder, name), part, maxBytes);
  } catch (cause) {
    throw isShortage(cause) ? cause : unreadable(name, cause);
  }
}

/** What the read gives. @throws {SyncError} `ENTRY_UNREADABLE` for whatever it throws. */
export function readable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

interface Found extends FileMeta {
  readonly file: FileBytes;
}

/** Whether what the file of a key holds is this key's. @throws {SyncError} `ENTRY_UNREADABLE`. */
function isOf(key: Edn, name: string, found: FileMeta): boolean {
  // The elements of an append log name the log's key, whatever their own.
  if (found.log || equals(found.named, key)) return true;
  if (isNamed(name, found)) return false;
  throw misnamed(name);
}

function isNamed(name: string, { named }: FileMeta): boolean {
  return readable(name, () => fileName(named)) === name;
}

function unreadable(file: string, cause: unknown): SyncError {
  const reason = cause instanceof Error ? cause.message : "unknown";
  return new SyncError("ENTRY_UNREADABLE", `${file} cannot be read: ${reason}`, {
    details: { ...(isSyncError(cause) ? cause.details : {}), file },
    cause,
  });
}

function misnamed(name: string): SyncError {
  return unreadable(
    name,
    new SyncError("CODEC_INVALID", "its metadata has the key of another file"),
  );
}

/** The error that says that there is no store. */
export function notFound(path: string, cause?: unknown): SyncError {
  return new SyncError("STORE_NOT_FOUND", "there is no such folder", { details: { path }, cause });
}
