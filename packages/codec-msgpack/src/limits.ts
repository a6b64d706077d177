/** What a peer's bytes may cost, and the errors that say they cost more. */
import { type ErrorDetails, SyncError } from "@datahike-sync/edn";

/** Bounds of what is read and of what is written alike, so that whatever is written can be read. */
export interface MsgpackLimits {
  /**
   * How deep values may be nested. Default 1000: Clojure data is rarely deeper than 20, and one level
   * takes about 500 bytes of a stack of 1 MB. Far above the default the engine's stack may end first.
   */
  readonly maxDepth: number;
  /** The longest input and output, in bytes. Default 64 MiB, the longest value of our wire. */
  readonly maxBytes: number;
  /**
   * The bytes of one big integer. Default 4 KiB, 9,864 digits: turning them into text takes time that
   * grows faster than their length.
   */
  readonly maxIntegerBytes: number;
  /**
   * What a value may cost beyond its bytes, in bytes, roughly as engines keep it: see {@link COST}.
   * Default 256 MiB, four million small objects.
   */
  readonly maxExpansion: number;
}

/** The limits that hold unless options say otherwise. */
export const MSGPACK_LIMITS: Required<MsgpackLimits> = {
  maxDepth: 1000,
  maxBytes: 64 * 2 ** 20,
  maxIntegerBytes: 4 * 2 ** 10,
  maxExpansion: 256 * 2 ** 20,
};

/** The parts of {@link MsgpackLimits.maxExpansion}, in bytes. */
export const COST = {
  /** Each value that is an object in JavaScript. */
  object: 64,
  /** Each item of a collection, the key and the value of a map's entry each. */
  item: 8,
  /** Each key of a map or item of a set besides: its place in an index. */
  key: 64,
  /** Each byte of such a key or item that is a collection: it is told from others by all it holds. */
  keyByte: 8,
  /** Each keyword at its first mention: its place in the table of all keywords. */
  keyword: 256,
  // A name that is mentioned again costs its length, and a ratio the product of its parts' lengths,
  // since the time to reduce it grows so.
} as const;

/** Adds up what a value costs beyond its bytes. The reader and the writer count alike. */
export class Budget {
  readonly #max: number;
  #spent = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @param offset Where in the input, if there is one. */
  spend(bytes: number, offset?: number): void {
    this.#spent += bytes;
    if (this.#spent > this.#max) throw exceeded("maxExpansion", this.#max, offset);
  }
}

/** The error for bytes that end before their value does. */
export function truncated(offset: number): SyncError {
  return new SyncError("CODEC_TRUNCATED", "the bytes end before the value does", {
    details: { offset },
  });
}

/** The error for bytes that are not of this format. */
export function invalid(
  message: string,
  offset: number,
  details?: ErrorDetails,
  cause?: unknown,
): SyncError {
  return new SyncError("CODEC_INVALID", message, { details: { offset, ...details }, cause });
}

/** The error for bytes or values beyond a limit. Only bytes have an offset. */
export function exceeded(limit: keyof MsgpackLimits, max: number, offset?: number): SyncError {
  return new SyncError("CODEC_LIMIT", `beyond the limit ${limit}`, {
    details: { limit, max, offset },
  });
}
