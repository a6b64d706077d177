import type { Codec, TagReaders } from "@datahike-sync/core";
import { exceeded, isStackOverflow } from "@datahike-sync/core/codec-failure";
import type { Edn } from "@datahike-sync/edn";
import { JsonSink } from "./json-sink.ts";
import { JsonSource } from "./json-source.ts";
import { TRANSIT_LIMITS, type TransitLimits } from "./limits.ts";
import { MsgpackSink } from "./msgpack-sink.ts";
import { MsgpackSource } from "./msgpack-source.ts";
import { Output } from "./output.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** Options of {@link transitCodec}. Limits have the defaults {@link TRANSIT_LIMITS}. */
export interface TransitOptions extends Optional<TransitLimits> {
  /** What carries transit: kabel's frames with id 11 are `"json"`, those with id 12 `"msgpack"`. */
  readonly format: "json" | "msgpack";
  /**
   * Readers of tags, such as `datahike/Datom`. Tags without one become `Tagged`. Transit's own tags, such
   * as `set` or `u`, cannot be given another meaning. Default none.
   */
  readonly handlers?: TagReaders | undefined;
}

/**
 * The codec `"transit-json"` or `"transit-msgpack"`: transit as kabel's middleware writes it on the JVM,
 * with cache codes and incognito's records. Reads JSON for people (`json-verbose`), too.
 */
export function transitCodec(options: TransitOptions): Codec {
  const { format, handlers = {} } = options;
  if (format !== "json" && format !== "msgpack") {
    throw new TypeError('the format of transit is "json" or "msgpack"');
  }
  const limits: TransitLimits = {
    maxDepth: options.maxDepth ?? TRANSIT_LIMITS.maxDepth,
    maxBytes: options.maxBytes ?? TRANSIT_LIMITS.maxBytes,
    maxDigits: options.maxDigits ?? TRANSIT_LIMITS.maxDigits,
    maxExpansion: options.maxExpansion ?? TRANSIT_LIMITS.maxExpansion,
  };
  return {
    name: `transit-${format}`,
    lossy: ["float", "numberArray", "rawList"],
    encode: (value: Edn) => encode(value, format, limits),
    decode: (bytes: Uint8Array) => decode(bytes, format, handlers, limits),
  };
}

function encode(value: Edn, format: TransitOptions["format"], limits: TransitLimits): Uint8Array {
  const output = new Output(limits.maxBytes);
  const sink = format === "json" ? new JsonSink(output) : new MsgpackSink(output);
  try {
    new Writer(sink, limits).writeAll(value);
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", limits.maxDepth) : error;
  }
  return output.take();
}

function decode(
  bytes: Uint8Array,
  format: TransitOptions["format"],
  handlers: TagReaders,
  limits: TransitLimits,
): Edn {
  const { maxBytes, maxDepth, maxDigits } = limits;
  if (bytes.length > maxBytes) throw exceeded("maxBytes", maxBytes, 0);
  const source = format === "json" ? new JsonSource(bytes, maxDigits) : new MsgpackSource(bytes);
  try {
    return new Reader(source, handlers, limits).readAll();
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", maxDepth, source.at) : error;
  }
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };
