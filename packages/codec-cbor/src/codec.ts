import type { Codec, TagReaders } from "@datahike-sync/core";
import { exceeded, isStackOverflow } from "@datahike-sync/core/codec-failure";
import type { Edn } from "@datahike-sync/edn";
import { CBOR_LIMITS, type CborLimits } from "./limits.ts";
import { Output } from "./output.ts";
import { Reader } from "./reader.ts";
import { Vocabulary } from "./vocabulary.ts";
import { Writer } from "./writer.ts";

/** Options of {@link cborCodec}. Limits have the defaults {@link CBOR_LIMITS}. */
export interface CborOptions extends Optional<CborLimits> {
  /**
   * Readers of the names under tag 27, such as `pss/leaf`, of records, too. What has none becomes a
   * `Tagged`. Those three types of Datahike that Fressian spells otherwise are found by either name;
   * names of the format itself, such as `clojure/char`, cannot be given another meaning. Default none.
   */
  readonly handlers?: TagReaders | undefined;
}

/**
 * The codec `"cbor"`: payloads of kabel's frames with id 14, and what konserve's CBOR serializer keeps.
 * Writes the bytes that the JVM writes for kabel, without references to strings; reads those, too, and
 * whatever else RFC 8949 allows.
 */
export function cborCodec(options: CborOptions = {}): Codec {
  const limits: CborLimits = {
    maxDepth: options.maxDepth ?? CBOR_LIMITS.maxDepth,
    maxBytes: options.maxBytes ?? CBOR_LIMITS.maxBytes,
    maxIntegerBytes: options.maxIntegerBytes ?? CBOR_LIMITS.maxIntegerBytes,
    maxExpansion: options.maxExpansion ?? CBOR_LIMITS.maxExpansion,
  };
  const vocabulary = new Vocabulary(options.handlers ?? {});
  // To get room to write in takes longer than to write a small value.
  let idle: Output | undefined;
  return {
    name: "cbor",
    lossy: ["list", "rawList", "record", "extension"],
    encode: (value: Edn) => {
      const output = idle ?? new Output(limits.maxBytes);
      // An extension may encode something else to make its EDN form.
      idle = undefined;
      write(new Writer(output, vocabulary, limits), value, limits);
      const bytes = output.take();
      idle = output;
      return bytes;
    },
    decode: (bytes: Uint8Array) => read(new Reader(bytes, vocabulary, limits), limits),
  };
}

function write(writer: Writer, value: Edn, { maxDepth }: CborLimits): void {
  try {
    writer.write(value);
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", maxDepth) : error;
  }
}

function read(reader: Reader, { maxDepth }: CborLimits): Edn {
  try {
    return reader.readAll();
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", maxDepth, reader.offset) : error;
  }
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };
