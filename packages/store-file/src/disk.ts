/** What a store needs of a file system. What is not synced may be lost when the power fails. */

/** A file that was opened. Node's `FileHandle` is one. */
export interface DiskFile {
  stat(): Promise<{ readonly size: number; isFile(): boolean }>;
  read(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Errors are Node's, with their `code`, such as `ENOENT`. */
export interface Disk {
  /** `"read"` an existing file; `"create"` an empty one, or empty one that is there; `"update"` what is there. */
  open(path: string, mode: "read" | "create" | "update"): Promise<DiskFile>;
  stat(path: string): Promise<{ readonly dev: number; isDirectory(): boolean }>;
  /** The path without symbolic links. */
  realPath(path: string): Promise<string>;
  /** The names in a folder. */
  list(path: string): Promise<readonly string[]>;
  /** Makes a folder and those above it, where they are not there. Resolves to the uppermost that it made. */
  makeFolder(path: string): Promise<string | undefined>;
  /** A second name for a file; `EEXIST` where the name is taken. */
  link(from: string, to: string): Promise<void>;
  /** Replaces what has the other name, as one. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>;
  /** Makes the names in a folder durable, and the absence of those removed. */
  syncFolder(path: string): Promise<void>;
}

/** Whether an error is Node's of this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Whether an error says that a folder is not there. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

/** Whether an error is that the system can open nothing more now: it says nothing of the file. */
export function isShortage(error: unknown): boolean {
  return ["EMFILE", "ENFILE", "ENOMEM"].some((code) => hasCode(error, code));
}

/** Runs a job on an open file, and closes it whatever happens. */
export async function withFile<T>(
  disk: Disk,
  path: string,
  mode: "read" | "create" | "update",
  job: (file: DiskFile) => Promise<T>,
): Promise<T> {
  const file = await disk.open(path, mode);
  try {
    return await job(file);
  } finally {
    await file.close();
  }
}

/** The bytes of a file from a place on, at most `length`, fewer where it ends before. */
export async function readFrom(file: DiskFile, from: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, from + at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

/** Writes all of these, one behind the other. */
export async function writeAll(
  file: DiskFile,
  from: number,
  parts: readonly Uint8Array[],
): Promise<void> {
  let position = from;
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const { bytesWritten } = await file.write(part, at, part.length - at, position);
      at += bytesWritten;
      position += bytesWritten;
    }
  }
}

/** Removes a file, if it is there. */
export async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
