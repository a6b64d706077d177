/** The first bytes of konserve's files: how the rest is to be read. */
import { SyncError } from "@datahike-sync/edn";

/** A file shorter than this is one whose writer has not written yet. */
export const HEADER_BYTES = 20;

export interface Header {
  readonly serializer: number;
  readonly compressor: number;
  readonly encryptor: number;
  /** Where the metadata begins. */
  readonly metaStart: number;
  /** Where the metadata ends and the value begins; at most the length of the file. */
  readonly metaEnd: number;
}

/**
 * The header of a file of `fileBytes` bytes, of which `bytes` are the first, at least 20.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for another version of the layout, `CODEC_TRUNCATED` when the
 * metadata would be longer than the file.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const version = view.getUint8(0);
  if (version !== VERSION) {
    throw new SyncError("CODEC_UNSUPPORTED", "another version of konserve's layout", {
      details: { version, offset: 0 },
    });
  }
  const metaStart = isShort(view) ? SHORT_HEADER_BYTES : HEADER_BYTES;
  const metaEnd = metaStart + metaLength(view);
  if (metaEnd > fileBytes) {
    throw new SyncError("CODEC_TRUNCATED", "the file ends before its metadata does", {
      details: { offset: fileBytes },
    });
  }
  const [serializer, compressor, encryptor] = [
    view.getUint8(1),
    view.getUint8(2),
    view.getUint8(3),
  ];
  return { serializer, compressor, encryptor, metaStart, metaEnd };
}

const VERSION = 1;
const SHORT_HEADER_BYTES = 8;

/** An alpha of konserve 0.6 wrote 8 bytes; metadata, which follows them, is never 12 zeros. */
function isShort(view: DataView): boolean {
  return view.getInt32(8) !== 0 || view.getInt32(12) !== 0 || view.getInt32(16) !== 0;
}

function metaLength(view: DataView): number {
  const length = view.getUint32(4);
  // Early ClojureScript wrote one byte where four belong. No metadata is a multiple of 16 MiB long.
  return (length & 0xffffff) === 0 ? length >>> 24 : length;
}

/** A header as konserve writes it, before metadata of so many bytes. */
export function headerBytes(
  { serializer, compressor, encryptor }: Pick<Header, "serializer" | "compressor" | "encryptor">,
  metaBytes: number,
): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set([VERSION, serializer, compressor, encryptor]);
  new DataView(header.buffer).setUint32(4, metaBytes);
  return header;
}
