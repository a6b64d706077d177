import type { Codec, TagReaders } from "@datahike-sync/core";
import { exceeded, isStackOverflow } from "@datahike-sync/core/codec-failure";
import type { Edn } from "@datahike-sync/edn";
import { FRESSIAN_LIMITS, type FressianLimits } from "./limits.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** Options of {@link fressianCodec}. Limits have the defaults {@link FRESSIAN_LIMITS}. */
export interface FressianOptions extends Optional<FressianLimits> {
  /**
   * Readers of struct tags, such as `pss/leaf`. Tags without one become `Tagged`. The tags of the
   * format itself, such as `map` or `pvec`, cannot be given another meaning. Default none.
   */
  readonly handlers?: TagReaders | undefined;
}

/**
 * The codec `"fressian"`: payloads of kabel's frames with id 13, and what konserve's Fressian
 * serializer keeps. Writes the bytes that the JVM writes, without footer; reads those of the JVM and
 * of ClojureScript, footers and open lists included.
 */
export function fressianCodec(options: FressianOptions = {}): Codec {
  const { handlers = {} } = options;
  const limits: FressianLimits = {
    maxDepth: options.maxDepth ?? FRESSIAN_LIMITS.maxDepth,
    maxBytes: options.maxBytes ?? FRESSIAN_LIMITS.maxBytes,
    maxIntegerBytes: options.maxIntegerBytes ?? FRESSIAN_LIMITS.maxIntegerBytes,
    maxExpansion: options.maxExpansion ?? FRESSIAN_LIMITS.maxExpansion,
  };
  return {
    name: "fressian",
    lossy: [],
    encode: (value: Edn) => encode(new Writer(limits), value, limits),
    decode: (bytes: Uint8Array) => decode(new Reader(bytes, handlers, limits), limits),
  };
}

function encode(writer: Writer, value: Edn, { maxDepth }: FressianLimits): Uint8Array {
  try {
    return writer.toBytes(value);
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", maxDepth) : error;
  }
}

function decode(reader: Reader, { maxDepth }: FressianLimits): Edn {
  try {
    return reader.readAll();
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", maxDepth, reader.offset) : error;
  }
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };
