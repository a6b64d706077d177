/** The compressors that a konserve header can name. */
import * as zlib from "node:zlib";
import { SyncError } from "@datahike-sync/edn";
import { readLz4Frame } from "./lz4-frame.ts";

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
    case NONE:
      return bytes;
    case LZ4:
      return readLz4Frame(bytes, maxValueBytes);
    case ZSTD:
      return readZstd(bytes, maxValueBytes);
    default:
      throw new SyncError("CODEC_UNSUPPORTED", "a compressor that is not known", {
        details: { compressor },
      });
  }
}

const NONE = 0;
const LZ4 = 1;
const ZSTD = 2;

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

function readZstd(bytes: Uint8Array, maxValueBytes: number): Uint8Array {
  const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: Decompress };
  if (zstdDecompressSync === undefined) {
    throw new SyncError("CODEC_UNSUPPORTED", "zstd needs Node 22.15 or later", {
      details: { compressor: ZSTD },
    });
  }
  try {
    const output = zstdDecompressSync(bytes, { maxOutputLength: maxValueBytes });
    return new Uint8Array(output.buffer, output.byteOffset, output.byteLength);
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
