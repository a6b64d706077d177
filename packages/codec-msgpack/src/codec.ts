import type { Codec, TagReaders } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { MSGPACK_LIMITS, type MsgpackLimits } from "./limits.ts";
import { Output } from "./output.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

export interface MsgpackOptions extends Partial<MsgpackLimits> {
  /**
   * Readers of the tags of tagged values, such as `pss/leaf`. Tags without one become `Tagged`.
   * Default none.
   */
  readonly handlers?: TagReaders | undefined;
}

/**
 * The codec `"msgpack"`: MessagePack with extension types for what it has no form for. Data as JSON has
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
  // Room to write in is dear next to a small value, so it is kept for the next one.
  let idle: Output | undefined;
  return {
    name: "msgpack",
    lossy: [],
    encode: (value: Edn) => {
      // The EDN form of an extension may be made by encoding something else.
      const output = idle ?? new Output(limits.maxBytes);
      idle = undefined;
      new Writer(output, limits).write(value);
      const bytes = output.take();
      idle = output;
      return bytes;
    },
    decode: (bytes: Uint8Array) => new Reader(bytes, handlers, limits).readAll(),
  };
}
