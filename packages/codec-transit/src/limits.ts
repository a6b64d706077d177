/** Bounds of what is read and of what is written alike, so that whatever is written can be read. */
export interface TransitLimits {
  /**
   * How deep arrays and maps may be nested. Default 1000: data is rarely deeper than 20, and a level takes
   * about 400 bytes of a stack of 1 MB. A stack that ends earlier is reported as this limit. A list, a
   * set and a tagged value are two arrays each.
   */
  readonly maxDepth: number;
  /** The longest input and output, in bytes. Default 100 MiB, the longest frame that kabel takes. */
  readonly maxBytes: number;
  /**
   * The longest number, in characters. Default 10,000, which has room for an integer of 4 KiB: turning
   * text into numbers takes time that grows faster than its length.
   */
  readonly maxDigits: number;
  /**
   * What a value may cost beyond its bytes, in bytes: 128 for each object that is no string, number,
   * boolean or nil, and for each array; 8 for each item; 64 for each key of a map or item of a set, and 32
   * for each of its bytes where it is a collection or a big number, since it takes long to tell those
   * apart; 256 for each keyword at its first mention; the length of what a cache code repeats; for a ratio
   * the square of its length. It bounds memory, and the time that printing, comparing or hashing the
   * value can take. Default 256 MiB.
   */
  readonly maxExpansion: number;
}

/** The limits that hold unless options say otherwise. */
export const TRANSIT_LIMITS: Required<TransitLimits> = {
  maxDepth: 1000,
  maxBytes: 100 * 2 ** 20,
  maxDigits: 10_000,
  maxExpansion: 256 * 2 ** 20,
};
