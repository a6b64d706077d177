/** The codec author's page: what turns values into bytes and back. */
import type { Edn, Kind } from "@datahike-sync/edn";

/**
 * Turns values into bytes and back, exactly, for every kind that it does not list as lossy.
 *
 * Hostile bytes give one of the errors below with `details.offset`, never a hang, a crash or more
 * memory than a documented limit allows. Tags that the codec does not know survive as `Tagged`.
 */
export interface Codec {
  /** Names the byte format: codecs with the same name read each other's bytes. */
  readonly name: string;
  /** The kinds that come back as another kind, such as a list as a vector. */
  readonly lossy: readonly Kind[];
  /**
   * The bytes of a value, in an array of their own.
   *
   * @throws {SyncError} `CODEC_UNSUPPORTED` for a kind that the format has no form for, `CODEC_LIMIT`
   * for a value that no codec of the same limits would read again.
   */
  encode(value: Edn): Uint8Array;
  /**
   * The value of these bytes, all of them. Frozen; shares no memory with `bytes`.
   *
   * @throws {SyncError} `CODEC_TRUNCATED` when the bytes end early, `CODEC_INVALID` when they are not
   * of this format, `CODEC_LIMIT` when they exceed a limit, which `details.limit` names.
   */
  decode(bytes: Uint8Array): Edn;
}

/**
 * A value that has not been decoded yet. A store that keeps values with the codec of that name writes
 * `bytes` as they are.
 */
export interface Encoded {
  /** The {@link Codec.name} of the codec that wrote the bytes, or `"binary"` for bytes as such. */
  readonly codec: string;
  /** Shared: never change them. */
  readonly bytes: Uint8Array;
  /** Decodes on the first call and remembers the value. Throws as {@link Codec.decode}. */
  decode(): Edn;
}

/** Bytes of a codec as a value to be decoded on demand. */
export function encoded(codec: Codec, bytes: Uint8Array): Encoded {
  return new EncodedValue(codec, bytes);
}

/** Bytes that are the value themselves, as stores keep values of type `"binary"`. */
export function binary(bytes: Uint8Array): Encoded {
  // Not `slice`, which in Node's Buffer gives the same memory.
  return { codec: "binary", bytes, decode: () => new Uint8Array(bytes) };
}

/** Whether a value has not been decoded yet. */
export function isEncoded(value: Edn | Encoded): value is Encoded {
  return typeof value === "object" && value !== null && "decode" in value && !("ednKind" in value);
}

/** A class, because there is one of these for every value that is passed on. */
class EncodedValue implements Encoded {
  readonly codec: string;
  readonly bytes: Uint8Array;
  readonly #codec: Codec;
  #value: Edn | undefined;

  constructor(codec: Codec, bytes: Uint8Array) {
    this.codec = codec.name;
    this.bytes = bytes;
    this.#codec = codec;
  }

  decode(): Edn {
    if (this.#value === undefined) this.#value = this.#codec.decode(this.bytes);
    return this.#value;
  }
}
