/** What the two parts of a konserve file say: its metadata and its value. */
import { binary, type Codec, type Encoded, type EntryMeta, encoded } from "@datahike-sync/core";
import { type Edn, type EdnMap, keyword, kindOf, SyncError, type Uuid } from "@datahike-sync/edn";
import { decompress } from "./compression.ts";
import { decrypt } from "./encryption.ts";
import type { FileBytes } from "./file-bytes.ts";

export interface FormatOptions {
  readonly codecs: readonly Codec[];
  readonly encryptionKey: Edn | undefined;
  readonly maxValueBytes: number;
}

/** What a file's metadata says. */
export interface FileMeta {
  /** The key it names. */
  readonly named: Edn;
  readonly meta: EntryMeta;
  /** Whether it is of an append log, whose elements name the log's key and not their own. */
  readonly log: boolean;
}

/** How one store's files are read. */
export class Format {
  /** By the serializer that a header names. */
  readonly #codecs = new Map<number, Codec>();
  readonly #options: FormatOptions;

  /** @throws {RangeError} for a codec that is none of konserve's. */
  constructor(options: FormatOptions) {
    this.#options = options;
    for (const codec of options.codecs) {
      const serializers = SERIALIZERS.get(codec.name);
      if (serializers === undefined) throw new RangeError(`konserve has no codec ${codec.name}`);
      for (const serializer of serializers) this.#codecs.set(serializer, codec);
    }
  }

  /** @throws {SyncError} `CODEC_…`, also when it is not the metadata that konserve writes. */
  meta(file: FileBytes): FileMeta {
    const { header, bytes } = file;
    const part = bytes.subarray(header.metaStart, header.metaEnd);
    const map = this.#codec(file).decode(this.#plain(file, part));
    if (kindOf(map) !== "map") throw invalid("the metadata is no map", header.metaStart);
    return fileMeta(map as EdnMap, header.metaStart);
  }

  /** @throws {SyncError} `CODEC_…` when it cannot be unpacked; decoding may fail later. */
  value(file: FileBytes, type: EntryMeta["type"]): Encoded {
    const part = file.bytes.subarray(file.header.metaEnd);
    // Only values that konserve has serialized are compressed and encrypted.
    return type === "binary" ? binary(part) : encoded(this.#codec(file), this.#plain(file, part));
  }

  #plain({ header }: FileBytes, part: Uint8Array): Uint8Array {
    const { encryptionKey, maxValueBytes } = this.#options;
    const packed = decrypt(header.encryptor, part, encryptionKey);
    return decompress(header.compressor, packed, maxValueBytes);
  }

  #codec({ header: { serializer } }: FileBytes): Codec {
    const codec = this.#codecs.get(serializer);
    if (codec !== undefined) return codec;
    throw new SyncError("CODEC_UNSUPPORTED", `no codec for konserve's serializer ${serializer}`, {
      details: { serializer },
    });
  }
}

/** Konserve's ids of serializers by the names of codecs that read what they write. */
const SERIALIZERS: ReadonlyMap<string, readonly number[]> = new Map([
  ["edn", [0]],
  ["fressian", [1]],
  ["cbor", [2, 3]],
]);

function fileMeta(map: EdnMap, offset: number): FileMeta {
  const key = map.get(keyword("key"));
  if (key === undefined) throw invalid("the metadata has no key", offset);
  const written = map.get(keyword("last-write"));
  const origin = map.get(keyword("datahike-sync", "origin"));
  const type = map.get(keyword("type"));
  const log = type === keyword("append-log");
  if (!log && type !== keyword("edn") && type !== keyword("binary")) {
    throw invalid("the metadata has no known type", offset);
  }
  const meta: EntryMeta = {
    type: type === keyword("binary") ? "binary" : "edn",
    lastWrite: written instanceof Date ? written.getTime() : 0,
    immutable: map.get(keyword("immutable?")) === true,
  };
  return {
    named: key,
    log,
    meta: kindOf(origin) === "uuid" ? { ...meta, origin: origin as Uuid } : meta,
  };
}

function invalid(message: string, offset: number): SyncError {
  return new SyncError("CODEC_INVALID", message, { details: { offset } });
}
