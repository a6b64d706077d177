/** @packageDocumentation EDN text as a codec, for whoever reads or writes it as bytes: kabel's frames with id 2. */
import {
  type Edn,
  type ErrorDetails,
  isSyncError,
  MAX_DEPTH,
  print,
  read,
  type TagReaders,
} from "@datahike-sync/edn";
import type { Codec } from "./codec.ts";
import { exceeded, invalid } from "./codec-failure.ts";
import { decodeText, textSize } from "./codec-text.ts";

export interface EdnCodecOptions {
  /** Readers of tags. Tags without one become `Tagged`. Default none. */
  readonly handlers?: TagReaders | undefined;
  /**
   * The longest input and output, in bytes. Default 16 MiB: a text of empty collections takes up to a
   * hundred times its length in memory.
   */
  readonly maxBytes?: number | undefined;
}

const MAX_BYTES = 16 * 2 ** 20;

/**
 * The codec `"edn"`: what `print` writes and `read` reads, in UTF-8. Every kind comes back. Those that EDN
 * text lacks have tags, which Clojure's own reader refuses: to it go no byte arrays, floats, records,
 * URIs, regular expressions, arrays of numbers and tagged values.
 *
 * A text that ends early may be a whole one, as `12` of `123` is, and so is never `CODEC_TRUNCATED`.
 */
export function ednCodec(options: EdnCodecOptions = {}): Codec {
  const { handlers: tags = {}, maxBytes = MAX_BYTES } = options;
  return {
    name: "edn",
    lossy: [],
    encode: (value: Edn) => encode(value, maxBytes),
    decode: (bytes: Uint8Array) => decode(bytes, tags, maxBytes),
  };
}

function encode(value: Edn, maxBytes: number): Uint8Array {
  const bytes = new TextEncoder().encode(printed(value));
  if (bytes.length > maxBytes) throw exceeded("maxBytes", maxBytes);
  return bytes;
}

function printed(value: Edn): string {
  try {
    return print(value);
  } catch (error) {
    throw error instanceof RangeError ? exceeded("maxDepth", MAX_DEPTH) : error;
  }
}

function decode(bytes: Uint8Array, tags: TagReaders, maxBytes: number): Edn {
  if (bytes.length > maxBytes) throw exceeded("maxBytes", maxBytes, 0);
  const text = decodeText(bytes, 0, bytes.length, false);
  try {
    return read(text, { tags });
  } catch (error) {
    throw isSyncError(error, "EDN_SYNTAX") ? failure(error.details, text, error) : error;
  }
}

/** The codec's error for the reader's, whose offset counts UTF-16 units. */
function failure(details: ErrorDetails, text: string, cause: Error): Error {
  const { offset, limit, max, tag } = details;
  const at = textSize(text.slice(0, Number(offset)));
  if (typeof limit === "string") return exceeded(limit, Number(max), at);
  return invalid(cause.message, at, typeof tag === "string" ? { tag } : {}, cause);
}
