/** What the two parts of a konserve file say: its metadata and its value. Both ways. */
import {
  binary,
  type Codec,
  type Encoded,
  type EntryMeta,
  encoded,
  isEncoded,
  type KeyEntry,
} from "@datahike-sync/core";
import { type Edn, EdnMap, keyword, kindOf, SyncError, type Uuid } from "@datahike-sync/edn";
import { COMPRESSORS, type Compression, compress, decompress } from "./compression.ts";
import { decrypt, ENCRYPTORS, encryptAes } from "./encryption.ts";
import type { FileBytes } from "./file-bytes.ts";
import { headerBytes } from "./header.ts";

export interface FormatOptions {
  /** The first writes. */
  readonly codecs: readonly Codec[];
  readonly compression: Compression;
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

/** How one store's files are read, and how it writes them. */
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

  /**
   * A value as this store writes it: nothing that happens to the given one later matters.
   *
   * @throws {TypeError} when it is no value of that type.
   * @throws {SyncError} `CODEC_UNSUPPORTED`, `CODEC_LIMIT` of the codec.
   */
  keep(value: Edn | Encoded, type: EntryMeta["type"]): Encoded {
    if (type === "binary") return binary(bytesOf(value));
    const codec = this.#writer;
    if (!isEncoded(value)) return encoded(codec, codec.encode(value));
    if (value.codec === codec.name) return value;
    if (value.codec === "binary") throw new TypeError('bytes as such have the type "binary"');
    return encoded(codec, codec.encode(value.decode()));
  }

  /**
   * The file of an entry, in parts.
   *
   * @throws {SyncError} `CODEC_LIMIT` for one that could not be read again: nor could it be replaced.
   */
  file(entry: KeyEntry, value: Encoded): readonly Uint8Array[] {
    const { compression, encryptionKey, maxValueBytes } = this.#options;
    const codec = this.#writer;
    const plainMeta = codec.encode(metaMap(entry));
    const meta = this.#packed(plainMeta);
    const header = headerBytes(
      {
        serializer: SERIALIZERS.get(codec.name)?.at(-1) ?? 0,
        compressor: COMPRESSORS[compression],
        encryptor: encryptionKey === undefined ? ENCRYPTORS.none : ENCRYPTORS.aes,
      },
      meta.length,
    );
    const body = entry.type === "binary" ? value.bytes : this.#packed(value.bytes);
    const fileBytes = header.length + meta.length + body.length;
    if (Math.max(plainMeta.length, value.bytes.length, fileBytes) > maxValueBytes) {
      throw new SyncError("CODEC_LIMIT", "beyond the limit maxValueBytes", {
        details: { limit: "maxValueBytes", max: maxValueBytes },
      });
    }
    return [header, meta, body];
  }

  /** Bytes that lie beside the folder, encrypted if its entries are. */
  seal(bytes: Uint8Array): Uint8Array {
    const { encryptionKey } = this.#options;
    return encryptionKey === undefined ? bytes : encryptAes(bytes, encryptionKey);
  }

  /** The bytes that were sealed, in an array of their own. */
  unseal(bytes: Uint8Array): Uint8Array {
    const { encryptionKey } = this.#options;
    if (encryptionKey === undefined) return new Uint8Array(bytes);
    return decrypt(ENCRYPTORS.aes, bytes, encryptionKey);
  }

  get #writer(): Codec {
    const [codec] = this.#options.codecs;
    if (codec === undefined) throw new RangeError("a store that is written needs a codec");
    return codec;
  }

  #packed(bytes: Uint8Array): Uint8Array {
    return this.seal(compress(this.#options.compression, bytes));
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

/** Konserve's ids of serializers by the names of codecs that read what they write; the last writes. */
const SERIALIZERS: ReadonlyMap<string, readonly number[]> = new Map([
  ["edn", [0]],
  ["fressian", [1]],
  ["cbor", [2, 3]],
]);

const KEY = keyword("key");
const TYPE = keyword("type");
const LAST_WRITE = keyword("last-write");
const IMMUTABLE = keyword("immutable?");
const ORIGIN = keyword("datahike-sync", "origin");
const EDN = keyword("edn");
const BINARY = keyword("binary");
const APPEND_LOG = keyword("append-log");

function fileMeta(map: EdnMap, offset: number): FileMeta {
  const key = map.get(KEY);
  if (key === undefined) throw invalid("the metadata has no key", offset);
  const written = map.get(LAST_WRITE);
  const origin = map.get(ORIGIN);
  const type = map.get(TYPE);
  const log = type === APPEND_LOG;
  if (!log && type !== EDN && type !== BINARY) {
    throw invalid("the metadata has no known type", offset);
  }
  const meta: EntryMeta = {
    type: type === BINARY ? "binary" : "edn",
    lastWrite: written instanceof Date ? written.getTime() : 0,
    immutable: map.get(IMMUTABLE) === true,
  };
  return {
    named: key,
    log,
    meta: kindOf(origin) === "uuid" ? { ...meta, origin: origin as Uuid } : meta,
  };
}

/** In the order in which konserve writes them: what a writer adds comes first. */
function metaMap({ key, type, lastWrite, immutable, origin }: KeyEntry): EdnMap {
  const entries: [Edn, Edn][] = [
    [KEY, key],
    [TYPE, type === "binary" ? BINARY : EDN],
    [LAST_WRITE, new Date(lastWrite)],
  ];
  if (origin !== undefined) entries.unshift([ORIGIN, origin]);
  if (immutable) entries.unshift([IMMUTABLE, true]);
  return new EdnMap(entries);
}

/** A copy of the bytes of a value of type `"binary"`. */
function bytesOf(value: Edn | Encoded): Uint8Array {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (isEncoded(value) && value.codec === "binary") return value.bytes;
  throw new TypeError('a value of type "binary" is a Uint8Array');
}

function invalid(message: string, offset: number): SyncError {
  return new SyncError("CODEC_INVALID", message, { details: { offset } });
}
