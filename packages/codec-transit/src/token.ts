/** The tokens that both formats are read as. */
import type { Edn } from "@datahike-sync/edn";

/** A string, as it stands in the format: what transit makes of it is the reader's matter. */
export const STRING = 0;
/** nil, a boolean, or a number. */
export const SCALAR = 1;
/** The beginning of an array. */
export const ARRAY = 2;
/** The beginning of a map: keys and values in turn follow. */
export const MAP = 3;
/** The end of the array or map that began last. */
export const END = 4;

export type Token = typeof STRING | typeof SCALAR | typeof ARRAY | typeof MAP | typeof END;

/** The tokens of some bytes, one after the other. */
export interface Source {
  /** The offset behind the token that was read last. */
  readonly at: number;
  /** The last `STRING`. */
  readonly text: string;
  /** The last `SCALAR`. */
  readonly scalar: Edn;
  /** Reads the next token. After the one that ends the outermost value, there is none. */
  next(): Token;
  /** @throws {SyncError} `CODEC_INVALID` when there is more than the value. */
  end(): void;
}

/** Where a value is written to, token after token. */
export interface Sink {
  /** Whether keys of maps are strings, whatever they are. */
  readonly hasStringKeys: boolean;
  /** How many bytes were written. */
  readonly length: number;
  nil(): void;
  boolean(value: boolean): void;
  /** A long. */
  integer(value: number | bigint): void;
  /** A finite number. */
  double(value: number): void;
  /** A finite number of single precision. */
  float(value: number): void;
  string(text: string): void;
  beginArray(items: number): void;
  beginMap(entries: number): void;
  /** Ends the array or map that began last. */
  end(): void;
}
