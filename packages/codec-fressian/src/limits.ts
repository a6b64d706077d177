/** Bounds of what is read. The first three hold for what is written, too. */
export interface FressianLimits {
  /**
   * How deep values may be nested. Default 1000: data is rarely deeper than 20, and a level takes about
   * 400 bytes of a stack of 1 MB. A stack that ends earlier is reported as this limit.
   */
  readonly maxDepth: number;
  /** The longest input and output, in bytes. Default 100 MiB, the longest frame that kabel takes. */
  readonly maxBytes: number;
  /**
   * The bytes of one big integer. Default 4 KiB, 9,864 digits: turning them into text takes time that
   * grows faster than their length.
   */
  readonly maxIntegerBytes: number;
  /**
   * What a value that is read may cost beyond its bytes, in bytes: 128 for each object that is no
   * string, integer, double, boolean or nil, 8 for each item of a collection, the size of what each
   * reference to a cached object repeats, and 32 for each byte of a map's key or a set's item that is a
   * collection or a big number, since it takes long to tell those apart. It bounds memory, and the time
   * that printing, comparing or hashing the value can take, which see a cached object as often as
   * something refers to it. Default 256 MiB.
   */
  readonly maxExpansion: number;
}

/** The limits that hold unless options say otherwise. */
export const FRESSIAN_LIMITS: Required<FressianLimits> = {
  maxDepth: 1000,
  maxBytes: 100 * 2 ** 20,
  maxIntegerBytes: 4 * 2 ** 10,
  maxExpansion: 256 * 2 ** 20,
};
