/** Bounds of what is read and of what is written alike, so that whatever is written can be read. */
export interface MsgpackLimits {
  /**
   * How deep values may be nested. Default 1000: data is rarely deeper than 20, and a level takes about
   * 400 bytes of a stack of 1 MB. A stack that ends earlier is reported as this limit.
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
   * What a value may cost beyond its bytes, in bytes: 128 for each object that is no string, integer,
   * double, boolean or nil; 8 for each item of a collection or array of booleans; 64 for each key of a
   * map or item of a set, and 32 for each of its bytes where it is a collection or a big number, since
   * it takes long to tell those apart; 256 for each keyword at its first mention, and its length for
   * each further one; for a ratio the square of its length. It bounds memory, and the time that
   * printing, comparing or hashing the value can take. Default 256 MiB.
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
