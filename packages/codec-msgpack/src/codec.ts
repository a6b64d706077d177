import type { Codec, TagReaders } from "@datahike-sync/core";
import { exceeded, isStackOverflow } from "@datahike-sync/core/codec-failure";
import type { Edn } from "@datahike-sync/edn";
import { MSGPACK_LIMITS, type MsgpackLimits } from "./limits.ts";
import { Output } from "./output.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** Options of {@link msgpackCodec}. Limits have the defaults {@link MSGPACK_LIMITS}. */
export interface MsgpackOptions extends Optional<MsgpackLimits> {
  /**
   * Readers of the tags of tagged values, such as `pss/leaf`. Tags without one become `Tagged`.
   * Default none.
   */
  readonly handlers?: TagReaders | undefined;
}

/**
 * The codec `"msgpack"`: MessagePack, with extension types for what it has no form for. Data as JSON has
 * it is plain MessagePack, whoever reads or wrote it. Equal values of the same kinds, whose maps and
 * sets have the same order, are the same bytes.
 */
export function msgpackCodec(options: MsgpackOptions = {}): Codec {
  const { handlers = {} } = options;
  const limits: MsgpackLimits = {
    maxDepth: options.maxDepth ?? MSGPACK_LIMITS.maxDepth,
    maxBytes: options.maxBytes ?? MSGPACK_LIMITS.maxBytes,
    maxIntegerBytes: options.maxIntegerBytes ?? MSGPACK_LIMITS.maxIntegerBytes,
    maxExpansion: options.maxExpansion ?? MSGPACK_LIMITS.maxExpansion,
  };
  // To get room to write in takes longer than to write a small value.
  let idle: Output | undefined;
  return {
    name: "msgpack",
    lossy: [],
    encode: (value: Edn) => {
      const output = idle ?? new Output(limits.maxBytes);
      // An extension may encode something else to make its EDN form.
      idle = undefined;
      write(new Writer(output, limits), value, limits);
      const bytes = output.take();
      idle = output;
      return bytes;
    },
    decode: (bytes: Uint8Array) => read(new Reader(bytes, handlers, limits), limits),
  };
}

function write(writer: Writer, value: Edn, { maxDepth }: MsgpackLimits): void {
  try {
    writer.write(value);
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", maxDepth) : error;
  }
}

function read(reader: Reader, { maxDepth }: MsgpackLimits): Edn {
  try {
    return reader.readAll();
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("maxDepth", maxDepth, reader.offset) : error;
  }
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };
