/** Reads a konserve file's bytes through one handle, so a writer's rename cannot mix two versions. */
import { SyncError } from "@datahike-sync/edn";
import { type Disk, type DiskFile, hasCode, readFrom } from "./disk.ts";
import { HEADER_BYTES, type Header, parseHeader } from "./header.ts";

export interface FileBytes {
  readonly header: Header;
  /** From the start of the file to the end of the metadata at least. */
  readonly bytes: Uint8Array;
}

/**
 * The file's bytes, `"all"` of them or up to the end of its `"meta"`data; `undefined` when there is
 * no file, or when its writer has not written yet.
 *
 * @throws {SyncError} `CODEC_…` as of {@link parseHeader}; `CODEC_LIMIT` before more than `maxBytes`
 * would be read; `CODEC_INVALID` for what is no file.
 */
export async function readFileBytes(
  disk: Disk,
  path: string,
  part: "meta" | "all",
  maxBytes: number,
): Promise<FileBytes | undefined> {
  const file = await openFile(disk, path);
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) {
      throw new SyncError("CODEC_INVALID", "not a file", { details: { offset: 0 } });
    }
    const first = part === "all" ? stats.size : Math.min(stats.size, FIRST_BYTES);
    let bytes = await readAtMost(file, first, maxBytes);
    if (bytes.length < HEADER_BYTES) return undefined;
    // When it is read in place and has become shorter, what was read counts.
    const header = parseHeader(bytes, bytes.length < first ? bytes.length : stats.size);
    if (header.metaEnd > bytes.length) bytes = await readAtMost(file, header.metaEnd, maxBytes);
    if (header.metaEnd > bytes.length) {
      throw new SyncError("CODEC_TRUNCATED", "the file ends before its metadata does", {
        details: { offset: bytes.length },
      });
    }
    return { header, bytes };
  } finally {
    await file.close();
  }
}

/** Holds the header and the metadata of nearly every entry. */
const FIRST_BYTES = 1024;

async function openFile(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(path, "read");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** The first `length` bytes, fewer where the file ends before. */
function readAtMost(file: DiskFile, length: number, maxBytes: number): Promise<Uint8Array> {
  if (length > maxBytes) {
    throw new SyncError("CODEC_LIMIT", "beyond the limit maxValueBytes", {
      details: { limit: "maxValueBytes", max: maxBytes, offset: 0 },
    });
  }
  return readFrom(file, 0, length);
}
