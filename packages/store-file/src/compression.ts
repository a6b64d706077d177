/** The compressors that a konserve header can name. */
import * as zlib from "node:zlib";
import { SyncError } from "@datahike-sync/edn";
import { readLz4Frame, writeLz4Frame } from "./lz4-frame.ts";

/** How what a store writes is compressed. */
export type Compression = "none" | "lz4" | "zstd";

/** Konserve's ids of them. */
export const COMPRESSORS: Readonly<Record<Compression, number>> = { none: 0, lz4: 1, zstd: 2 };

/**
 * What the bytes expand to, at most `maxValueBytes`; the bytes themselves where they are plain.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for a compressor that is not known, or zstd where this Node
 * has none; `CODEC_TRUNCATED`, `CODEC_INVALID`, `CODEC_LIMIT` as they apply.
 */
export function decompress(
  compressor: number,
  bytes: Uint8Array,
  maxValueBytes: number,
): Uint8Array {
  switch (compressor) {
    case COMPRESSORS.none:
      return bytes;
    case COMPRESSORS.lz4:
      return readLz4Frame(bytes, maxValueBytes);
    case COMPRESSORS.zstd:
      return readZstd(bytes, maxValueBytes);
    default:
      throw new SyncError("CODEC_UNSUPPORTED", "a compressor that is not known", {
        details: { compressor },
      });
  }
}

/** The bytes as a compressor packs them. @throws {SyncError} as {@link checkCompression}. */
export function compress(compression: Compression, bytes: Uint8Array): Uint8Array {
  switch (compression) {
    case "none":
      return bytes;
    case "lz4":
      return writeLz4Frame(bytes);
    case "zstd":
      return plainArray(zstd().zstdCompressSync(bytes));
  }
}

/** @throws {SyncError} `CODEC_UNSUPPORTED` where this Node cannot compress so. */
export function checkCompression(compression: Compression): void {
  if (compression === "zstd") zstd();
}

interface Zstd {
  readonly zstdCompressSync: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync: (
    bytes: Uint8Array,
    options: { readonly maxOutputLength: number },
  ) => Uint8Array;
}

function zstd(): Zstd {
  // Not in the types of the oldest Node that this runs on.
  const { zstdCompressSync, zstdDecompressSync } = zlib as Partial<Zstd>;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) {
    throw new SyncError("CODEC_UNSUPPORTED", "zstd needs Node 22.15 or later", {
      details: { compressor: COMPRESSORS.zstd },
    });
  }
  return { zstdCompressSync, zstdDecompressSync };
}

function readZstd(bytes: Uint8Array, maxValueBytes: number): Uint8Array {
  const { zstdDecompressSync } = zstd();
  try {
    return plainArray(zstdDecompressSync(bytes, { maxOutputLength: maxValueBytes }));
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new SyncError("CODEC_LIMIT", "beyond the limit maxValueBytes", {
        details: { limit: "maxValueBytes", max: maxValueBytes, offset: 0 },
        cause,
      });
    }
    throw new SyncError("CODEC_INVALID", "not zstd", { details: { offset: 0 }, cause });
  }
}

/** A buffer's bytes as an array of no subclass. */
function plainArray({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
